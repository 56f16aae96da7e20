import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { call, type Status } from "../api";
import { useLanguage } from "../i18n";
import { readable } from "../math/numbers";
import { goTo, useRoute } from "../route";
import { Choices } from "./Choices";
import { Cosines } from "./Cosines";
import { Derivation } from "./Derivation";
import "./lab.css";
import { OwnText } from "./OwnText";
import { type Point, RunButtons, RunViews } from "./Runs";
import { Sentence } from "./Sentence";
import { Tree } from "./Tree";
import { isWide } from "./wide";
import type { Beginning, Corpus, CorpusShown, Pass, State, StepOf, Stepped } from "./types";

const LEAST_POWER = -3;
const MOST_POWER = 1;

/** What the reader looks at: a state of the network, and one of its pairs. */
interface Wanted {
  beginning: Beginning;
  state: State;
  output: number;
}

/** The same with all of its numbers. */
interface Shown extends Wanted {
  pass: Pass;
}

export function Lab({ status }: { status: Status }) {
  const { t } = useLanguage();
  const { parameters } = useRoute();
  const asked = withoutRate(parameters);
  const bare = status.model !== null && !status.model.has_output_vectors;
  const fallback = bare ? "example" : undefined;
  const [wanted, setWanted] = useState<Wanted>();
  const [shown, setShown] = useState<Shown>();
  const [losses, setLosses] = useState<Point[]>([]); // at the beginning, and after each step
  const [positivesOnly, setPositivesOnly] = useState(false);
  const [of, setOf] = useState<StepOf>("window");
  const [corpus, setCorpus] = useState<CorpusShown>(); // if a text is trained on
  const [error, setError] = useState("");
  const failed = useCallback((failure: Error) => failure.name !== "AbortError" && setError(failure.message), []);

  const [waits, setWaits] = useState(true); // for the network that the link asks for
  const begun = useRef(0); // how often; steps of an earlier time come too late
  const begin = useCallback(() => {
    begun.current++;
    setWaits(true);
    const left = new AbortController();
    const eta = new URLSearchParams(location.hash.split("?")[1]).get("eta");
    const show = (beginning: Beginning, corpus?: CorpusShown) => {
      setWanted({ beginning, state: beginning.state, output: 0 });
      setCorpus(corpus);
      setLosses(corpus ? [[0, corpus.J]] : []);
      setPositivesOnly(false);
      setError("");
    };
    const wished = wishes(new URLSearchParams(asked), eta, fallback);
    const begins =
      wished.source === "corpus"
        ? call<CorpusShown>("lab-corpus", { ...wished, ...wishesOfText(asked) }, left.signal).then((it) => show(it.beginning, it))
        : call<Beginning>("lab-begin", wished, left.signal).then((it) => show(it));
    begins.catch(failed).then(() => left.signal.aborted || setWaits(false));
    return () => left.abort();
  }, [asked, fallback, failed]);
  useEffect(begin, [begin]);

  useEffect(() => {
    if (!wanted) return;
    const left = new AbortController();
    const { state, output } = wanted;
    call<Pass>("lab-pass", { state, output }, left.signal).then((pass) => {
      setShown({ ...wanted, pass });
      setError("");
      setLosses((before) => (before.length ? before : [[0, pass.J_of_all]]));
    }, failed);
    return () => left.abort();
  }, [wanted, failed]);

  const latest = useRef<Wanted>(undefined); // what the next step starts from, also while the last one is not drawn yet
  latest.current = wanted;
  const latestCorpus = useRef<CorpusShown>(undefined);
  latestCorpus.current = corpus;
  const queue = useRef(Promise.resolve()); // steps follow each other, however fast the button is pressed
  const inTurn = useCallback((work: (isLate: () => boolean) => Promise<void>) => {
    const time = begun.current;
    const isLate = () => time !== begun.current;
    const turn = queue.current.then(() => (isLate() ? undefined : work(isLate)));
    queue.current = turn.catch(() => undefined);
    return turn;
  }, []);
  const takePairs = useCallback(
    (steps: number) =>
      inTurn(async (isLate) => {
        const from = latest.current!;
        const { state, J } = await call<Stepped>("lab-steps", { state: from.state, steps, of });
        if (isLate()) return;
        latest.current = { beginning: from.beginning, state, output: state.turn };
        setWanted(latest.current);
        setLosses((before) => [...before, ...J.map((J, index): Point => [before.at(-1)![0] + index + 1, J])]);
      }),
    [of, inTurn],
  );
  /** Trains on the windows that come next, after a change of the corpus; no step, and only the change is shown. */
  const takeWindows = useCallback(
    (steps: number, change: (corpus: Corpus) => Corpus = (corpus) => corpus, input = 0) =>
      inTurn(async (isLate) => {
        const { eta } = latest.current!.state;
        const found = await call<CorpusShown>("lab-corpus-steps", {
          corpus: change({ ...latestCorpus.current!.corpus, eta }),
          steps,
          input,
        });
        if (isLate()) return;
        latestCorpus.current = found;
        latest.current = { beginning: found.beginning, state: found.beginning.state, output: 0 };
        setCorpus(found);
        setWanted(latest.current);
        setError("");
        if (steps) setLosses((before) => [...before, [before.at(-1)![0] + steps, found.J]]);
      }),
    [inTurn],
  );

  const goal = useRef<string>(undefined); // what the reader wants to see of the network that comes
  useEffect(() => {
    const found = goal.current && document.querySelector(goal.current);
    if (!found) return;
    goal.current = undefined;
    found.scrollIntoView();
    found.querySelector("button")!.focus({ preventScroll: true });
  }, [shown?.beginning]);

  const edit = (state: State) => {
    begun.current++; // a step that is on its way starts from other numbers
    const before = wanted!.state;
    setWanted({ ...wanted!, state });
    if (!corpus) return setLosses([]);
    const { input_rows, output_rows, input } = corpus.window;
    takeWindows(
      0,
      ({ V, W, ...others }) => ({
        ...others,
        V: replaced(V, input_rows, before.inputs, state.inputs),
        W: replaced(W, output_rows, before.outputs, state.outputs),
      }),
      input ?? 0,
    ).catch(failed);
  };

  const working = waits && (
    <p role="status" class="lab-working">
      {t({ en: "Working … the first tree of a session takes a few seconds.", zh: "計算中……第一次建立霍夫曼樹需要幾秒鐘。" })}
    </p>
  );
  if (!wanted || !shown) return error ? <p role="alert">{error}</p> : working;
  const { beginning, state, output, pass } = shown;
  const eta = wanted.state.eta;
  const windows = corpus?.corpus.lines.reduce((sum, line) => sum + line.length, 0);
  const buttons = (
    <RunButtons
      state={state}
      pass={pass}
      losses={losses}
      positivesOnly={positivesOnly}
      onPositivesOnly={(only) => {
        setPositivesOnly(only);
        const outputs = state.outputs.map((each, index) => ({
          ...each,
          label: only ? (1 as const) : beginning.state.outputs[index]!.label,
        }));
        setWanted({ beginning, state: { ...state, outputs }, output });
      }}
      of={of}
      onOf={setOf}
      take={corpus ? takeWindows : takePairs}
      again={begin}
      failed={failed}
      windows={windows}
    />
  );
  return (
    <div class="lab">
      <div class="lab-lead">
        <h1>{t({ en: "word2vec's backward pass, number by number", zh: "word2vec 的反向傳播，一個數字一個數字看" })}</h1>
        <p>
          {t({
            en: "The page computes nothing: every figure comes from the Python functions that the training is checked against.",
            zh: "網頁本身不做計算：每個數值都由 Python 函式算出，訓練程式也是用這些函式核對的。",
          })}
        </p>
      </div>
      {bare && (
        <p role="status">
          {t({
            en: "This model was saved without output vectors, which the backward pass needs: here is the example.",
            zh: "這個模型存檔時沒有輸出向量，而反向傳播需要它們：這裡顯示的是例子。",
          })}
        </p>
      )}
      <details class="lab-setup" open={isWide()}>
        <summary>{t({ en: "The network and its words", zh: "網路與詞" })}</summary>
        <div class="lab-setup-fields">
          <Choices status={status} beginning={beginning} />
          {corpus && (
            <OwnText
              corpus={corpus.corpus}
              text={parameters.get("text") ?? undefined}
              onText={(wishes) => goTo("lab", { ...Object.fromEntries(parameters), ...wishes })}
            />
          )}
        </div>
      </details>
      {working}
      {error && <p role="alert">{error}</p>}
      {corpus && (
        <Sentence shown={corpus} onMove={(at) => void takeWindows(0, (corpus) => ({ ...corpus, at })).catch(failed)} />
      )}
      {corpus && buttons}
      <div class="lab-pair">
        <fieldset>
          <legend>{t({ en: "The pair", zh: "這一對" })}</legend>
          {state.outputs.map(({ name, label }, index) => (
            <label class={label === 1 ? "lab-positive" : "lab-negative"}>
              <input
                type="radio"
                name="output"
                checked={index === wanted.output}
                onChange={() => setWanted({ beginning, state, output: index })}
              />
              {state.inputs.map(({ word }) => word).join(" + ")} → {name} <small>t = {label}</small>
            </label>
          ))}
        </fieldset>
        {corpus && corpus.window.input !== null && (
          <label class="lab-of">
            {t({ en: "context word", zh: "上下文詞" })}
            <select
              value={corpus.window.input}
              onChange={(event) => void takeWindows(0, undefined, Number(event.currentTarget.value)).catch(failed)}
            >
              {corpus.beginning.inputs.map((word, index) => (
                <option value={index} selected={index === corpus.window.input}>
                  {word}
                </option>
              ))}
            </select>
          </label>
        )}
        <label class="lab-eta">
          <span>
            {t({ en: "learning rate", zh: "學習率" })} <i>η</i> = <b>{readable(eta)}</b>
          </span>
          <Rate
            eta={eta}
            onInput={(eta) => setWanted({ ...wanted, state: { ...wanted.state, eta } })}
            onChange={(eta) => goTo("lab", { ...Object.fromEntries(parameters), eta: String(eta) }, true)}
          />
        </label>
      </div>
      <Derivation
        key={`${state.architecture} ${state.output_layer}`}
        beginning={beginning}
        state={state}
        pass={pass}
        output={output}
        edited={wanted.state}
        onChange={edit}
        onNetwork={({ parameters: changes, goal: selector }) => {
          goal.current = selector;
          goTo("lab", { ...Object.fromEntries(parameters), ...changes });
        }}
        tree={beginning.paths && <Tree paths={beginning.paths} word={beginning.output} state={state} output={output} />}
      />
      <section class="lab-runs" aria-label={t({ en: "Training", zh: "訓練" })}>
        {!corpus && buttons}
        <RunViews state={state} pass={pass} losses={losses} windows={windows}>
          {corpus && <Cosines words={corpus.corpus.words} cosines={corpus.cosines} />}
        </RunViews>
      </section>
    </div>
  );
}

interface RateProps {
  eta: number;
  onInput: (eta: number) => void;
  onChange: (eta: number) => void;
}

/** The slider of η, whose steps are powers of ten. Its own place is set only where η comes from somewhere else. */
function Rate({ eta, onInput, onChange }: RateProps) {
  const slider = useRef<HTMLInputElement>(null);
  const rate = () => Number((10 ** Number(slider.current!.value)).toPrecision(3));
  useLayoutEffect(() => {
    if (rate() !== eta) slider.current!.value = String(Math.log10(eta));
  }, [eta]);
  return (
    <input
      ref={slider}
      type="range"
      min={LEAST_POWER}
      max={MOST_POWER}
      step="0.01"
      onInput={() => onInput(rate())}
      onChange={() => onChange(rate())}
    />
  );
}

/** What the link asks for but for η, which may change while training goes on. */
function withoutRate(parameters: URLSearchParams): string {
  const others = new URLSearchParams(parameters);
  others.delete("eta");
  return others.toString();
}

/** What the link asks for, as the body of lab-begin. */
function wishes(parameters: URLSearchParams, eta: string | null, source?: string) {
  const text = (name: string) => parameters.get(name) ?? undefined;
  const words = (name: string) => text(name)?.split(" ").filter(Boolean);
  return {
    source: text("source") ?? source,
    architecture: text("architecture"),
    output_layer: text("layer"),
    cbow_gradient: text("gradient"),
    inputs: words("in"),
    output: text("out"),
    negatives: words("not"),
    eta: eta === null ? undefined : Number(eta),
  };
}

/** What the link asks for of a text of the reader's own. */
function wishesOfText(query: string): object {
  const parameters = new URLSearchParams(query);
  const whole = (name: string) => (parameters.has(name) ? Number(parameters.get(name)) : undefined);
  return {
    text: parameters.get("text") ?? undefined,
    window: whole("window"),
    negatives: whole("negatives"),
    size: whole("size"),
  };
}

/** A matrix with the vectors that differ from those before, in their rows. */
function replaced(matrix: number[][], rows: number[], before: { vector: number[] }[], after: { vector: number[] }[]) {
  const changed = new Map(
    rows.flatMap((row, place): [number, number[]][] =>
      before[place]!.vector === after[place]!.vector ? [] : [[row, after[place]!.vector]],
    ),
  );
  return matrix.map((vector, row) => changed.get(row) ?? vector);
}
