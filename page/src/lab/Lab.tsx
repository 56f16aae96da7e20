import { useCallback, useEffect, useState } from "preact/hooks";
import { call, type Status } from "../api";
import { useLanguage } from "../i18n";
import { readable } from "../math/numbers";
import { goTo, useRoute } from "../route";
import { Choices } from "./Choices";
import { Derivation } from "./Derivation";
import "./lab.css";
import { Runs } from "./Runs";
import { Tree } from "./Tree";
import type { Beginning, Pass, State, Stepped } from "./types";

const LEAST_POWER = -3;
const MOST_POWER = 1;

export function Lab({ status }: { status: Status }) {
  const { t } = useLanguage();
  const { parameters } = useRoute();
  const asked = withoutRate(parameters);
  const [beginning, setBeginning] = useState<Beginning>();
  const [state, setState] = useState<State>();
  const [output, setOutput] = useState(0);
  const [pass, setPass] = useState<Pass>();
  const [now, setNow] = useState<Stepped>();
  const [losses, setLosses] = useState<number[]>([]); // at the beginning, and after each step
  const [positivesOnly, setPositivesOnly] = useState(false);
  const [error, setError] = useState("");
  const failed = useCallback((failure: Error) => setError(failure.message), []);

  const begin = useCallback(() => {
    const left = new AbortController();
    const eta = new URLSearchParams(location.hash.split("?")[1]).get("eta");
    call<Beginning>("lab-begin", wishes(new URLSearchParams(asked), eta), left.signal).then(
      (found) => {
        setBeginning(found);
        setState(found.state);
        setOutput(0);
        setLosses([]);
        setPositivesOnly(false);
        setError("");
      },
      (failure: Error) => failure.name !== "AbortError" && setError(failure.message),
    );
    return () => left.abort();
  }, [asked]);
  useEffect(begin, [begin]);

  useEffect(() => {
    if (!state || output >= state.outputs.length) return;
    const left = new AbortController();
    Promise.all([
      call<Pass>("lab-pass", { state, output }, left.signal),
      call<Stepped>("lab-steps", { state, steps: 0 }, left.signal),
    ]).then(
      ([numbers, stepped]) => {
        setPass(numbers);
        setNow(stepped);
        setLosses((before) => (before.length ? before : [stepped.J_now]));
      },
      (failure: Error) => failure.name !== "AbortError" && setError(failure.message),
    );
    return () => left.abort();
  }, [state, output]);

  const take = useCallback(
    async (from: State, steps: number) => {
      const stepped = await call<Stepped>("lab-steps", { state: from, steps });
      setState(stepped.state);
      setOutput(stepped.state.turn);
      setLosses((before) => [...before, ...stepped.J]);
      return stepped.state;
    },
    [],
  );

  if (!beginning || !state || !pass || !now) return error ? <p role="alert">{error}</p> : null;
  const eta = state.eta;
  return (
    <div class="lab">
      <p class="lab-lead">
        {t({
          en: "word2vec's backward pass, number by number. The page computes nothing: every figure comes from the Python functions that train the model.",
          zh: "word2vec 的反向傳播，一個數字一個數字看。網頁本身不做計算：每個數值都來自訓練模型所用的同一組 Python 函式。",
        })}
      </p>
      <Choices key={asked} status={status} beginning={beginning} />
      {error && <p role="alert">{error}</p>}
      <div class="lab-pair">
        <fieldset>
          <legend>{t({ en: "The pair", zh: "這一對" })}</legend>
          {state.outputs.map(({ name, label: each }, index) => (
            <label class={each === 1 ? "lab-positive" : "lab-negative"}>
              <input type="radio" name="output" checked={index === output} onChange={() => setOutput(index)} />
              {state.inputs.map(({ word }) => word).join(" + ")} → {name} <small>t = {each}</small>
            </label>
          ))}
        </fieldset>
        <label class="lab-eta">
          <span>
            {t({ en: "learning rate", zh: "學習率" })} <i>η</i> = <output>{readable(eta)}</output>
          </span>
          <input
            type="range"
            min={LEAST_POWER}
            max={MOST_POWER}
            step="0.01"
            value={Math.log10(eta)}
            onInput={(event) => setState({ ...state, eta: Number((10 ** Number(event.currentTarget.value)).toPrecision(3)) })}
            onChange={() => goTo("lab", { ...Object.fromEntries(parameters), eta: String(state.eta) }, true)}
          />
        </label>
      </div>
      <Derivation key={state.architecture} beginning={beginning} state={state} pass={pass} output={output} />
      {beginning.paths && <Tree paths={beginning.paths} word={beginning.output} state={state} output={output} />}
      <Runs
        state={state}
        now={now}
        losses={losses}
        positivesOnly={positivesOnly}
        onPositivesOnly={(only) => {
          setPositivesOnly(only);
          const outputs = state.outputs.map((each, index) => ({
            ...each,
            label: only ? (1 as const) : beginning.state.outputs[index]!.label,
          }));
          setState({ ...state, outputs });
        }}
        take={take}
        again={begin}
        failed={failed}
      />
    </div>
  );
}

/** What the link asks for but for η, which may change while training goes on. */
function withoutRate(parameters: URLSearchParams): string {
  const others = new URLSearchParams(parameters);
  others.delete("eta");
  return others.toString();
}

/** What the link asks for, as the body of lab-begin. */
function wishes(parameters: URLSearchParams, eta: string | null): object {
  const text = (name: string) => parameters.get(name) ?? undefined;
  const words = (name: string) => text(name)?.split(" ").filter(Boolean);
  return {
    source: text("source"),
    architecture: text("architecture"),
    output_layer: text("layer"),
    cbow_gradient: text("gradient"),
    inputs: words("in"),
    output: text("out"),
    negatives: words("not"),
    eta: eta === null ? undefined : Number(eta),
  };
}
