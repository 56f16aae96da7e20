import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { Figures, Formula, Hidden } from "../math/Formula";
import { label, meaning, origins, same } from "../math/quantities";
import { type Change, type Chapter, chapters } from "./chapters";
import { Guess } from "./Guess";
import { type Pointed, useLinks } from "./links";
import { Network } from "./Network";
import type { Phase, Stage } from "./stages";
import type { Beginning, Pass, State } from "./types";
import { Vectors } from "./Vectors";

const PHASES: Record<Phase, { en: string; zh: string }> = {
  forward: { en: "forward →", zh: "前向 →" },
  backward: { en: "← backward", zh: "← 反向" },
  update: { en: "update ↻", zh: "更新 ↻" },
};

const SWIPE = 60; // pixels

interface Props {
  beginning: Beginning;
  state: State;
  pass: Pass;
  output: number;
  /** The Huffman tree, if it belongs to the network that is shown. */
  tree: ComponentChildren;
  /** The state that the reader has changed, whose numbers may not be there yet. */
  edited: State;
  /** The reader has changed a number of a vector. */
  onChange: (state: State) => void;
  /** The reader wants to see another network. */
  onNetwork: (change: Change) => void;
}

/** The network, and beside it the derivation in chapters; one line of it is the current one. */
export function Derivation({ beginning, state, pass, output, tree, edited, onChange, onNetwork }: Props) {
  const { t } = useLanguage();
  const [at, setAt] = useState(0);
  const [turned, setTurned] = useState<Record<string, boolean>>({
    // the chapters that were opened or closed by hand, and at first those that have no lines
    ...(tree && { path: true }),
    ...(state.architecture === "cbow" && { network: true }),
  });
  const book = chapters(beginning, state, pass, output);
  const lines = book.flatMap((chapter) => chapter.lines.map((line) => ({ ...line, chapter: chapter.key })));
  const last = lines.length - 1;
  const line = lines[Math.min(at, last)]!;
  const isOpen = ({ key, lines }: Chapter) => turned[key] ?? (key === line.chapter && lines.length > 0);
  const go = (steps: number) => {
    const next = Math.max(0, Math.min(Math.min(at, last) + steps, last));
    setAt(next);
    if (turned[lines[next]!.chapter] === false) setTurned({ ...turned, [lines[next]!.chapter]: true });
  };
  const visit = (chapter: Chapter) => {
    const opens = !isOpen(chapter);
    const { [chapter.key]: _, ...others } = turned;
    setTurned({ ...others, [chapter.key]: opens });
    if (opens && chapter.lines.length && chapter.key !== line.chapter)
      setAt(lines.findIndex((each) => each.chapter === chapter.key));
  };
  const all = book.every(isOpen);
  const turnAll = () => setTurned(Object.fromEntries(book.map(({ key }) => [key, !all])));

  const [predicts, setPredicts] = useState(false);
  const [revealed, setRevealed] = useState<readonly string[]>([]); // lines, of those from the current one on
  useEffect(() => setRevealed([]), [pass]);
  const asked = predicts ? lines.slice(at).filter(({ key, result }) => result && !revealed.includes(key)) : [];
  const unknown = asked.map(({ result }) => result!.of.replace(/\.\d+(?=@|$)/, "")); // of a vector, all of it
  const isHidden = (of: string) => unknown.some((each) => same(each, of));
  const guesses = useRef(false); // whether the reader goes on from one prediction to the next
  const forwardButton = useRef<HTMLButtonElement>(null);

  const goOn = useRef(go);
  goOn.current = go;
  useEffect(() => {
    const turn = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest("input, select, textarea")) return;
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowRight") goOn.current(1);
      else if (event.key === "ArrowLeft") goOn.current(-1);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", turn);
    return () => removeEventListener("keydown", turn);
  }, []);
  const place = useRef<HTMLElement>(null);
  const before = useRef(at);
  useEffect(() => {
    if (before.current !== at) {
      const current = place.current!.querySelector("[aria-current=step]");
      for (const each of [current?.closest(".lab-chapter"), current]) each?.scrollIntoView({ block: "nearest" });
    }
    before.current = at;
    if (guesses.current) (place.current!.querySelector<HTMLElement>(".lab-guess input") ?? forwardButton.current!).focus();
    guesses.current = false;
  }, [at]);

  const touch = useRef<Touch>(undefined);
  const swipe = (event: TouchEvent) => {
    const [from, to] = [touch.current, event.changedTouches[0]];
    if (!from || !to || Math.abs(to.clientY - from.clientY) > SWIPE) return;
    const ahead = from.clientX - to.clientX;
    const first = (key: string | undefined) => lines.findIndex((each) => each.chapter === key);
    const told = book.filter((chapter) => chapter.lines.length);
    const now = told.findIndex(({ key }) => key === line.chapter);
    const next = told[now + Math.sign(ahead)];
    if (Math.abs(ahead) > SWIPE && next) go(first(next.key) - Math.min(at, last));
  };

  const { pointed, handlers } = useLinks(place);
  return (
    <Hidden.Provider value={isHidden}>
      <section class="lab-derivation" aria-label={t({ en: "The derivation", zh: "推導" })} ref={place} {...handlers}>
        <div class="lab-left">
          <div class="lab-stage">
            <Network
              beginning={beginning}
              state={state}
              pass={pass}
              output={output}
              stage={line.key}
              phase={line.phase}
            />
            <div class="lab-steps">
              <button type="button" aria-disabled={at === 0} onClick={() => go(-1)}>
                ◀ {t({ en: "Back", zh: "上一步" })}
              </button>
              <span class="lab-count">
                {Math.min(at, last) + 1} / {lines.length}
              </span>
              <button ref={forwardButton} type="button" aria-disabled={at >= last} onClick={() => go(1)}>
                {t({ en: "Forward", zh: "下一步" })} ▶
              </button>
            </div>
            <Readout pointed={pointed} />
            <p class="spoken" aria-live="polite">
              {t(PHASES[line.phase])} {t(line.title)}
            </p>
          </div>
          <Vectors state={edited} output={output} onChange={onChange} />
        </div>
        <div
          class="lab-text"
          data-links
          onTouchStart={(event) => {
            touch.current = event.touches[0]!;
          }}
          onTouchEnd={swipe}
        >
          <div class="lab-modes">
            <button type="button" aria-pressed={predicts} onClick={() => setPredicts(!predicts)}>
              {t({ en: "Predict first", zh: "先預測再看" })}
            </button>
            <button type="button" aria-pressed={all} onClick={turnAll}>
              {t({ en: "All chapters open", zh: "展開全部章節" })}
            </button>
          </div>
          {book.map((chapter, number) => (
            <section class={`lab-chapter ${chapter.key === line.chapter ? "lab-here" : ""}`} data-chapter={chapter.key}>
              <h2>
                <button type="button" aria-expanded={isOpen(chapter)} onClick={() => visit(chapter)}>
                  <span class="lab-chapter-number">{number + 1}</span>
                  <span>
                    {t(chapter.title)}
                    <small>{t(chapter.lead)}</small>
                  </span>
                </button>
              </h2>
              <div class="lab-chapter-body" hidden={!isOpen(chapter)}>
                <Prose chapter={chapter} onNetwork={onNetwork} />
                {chapter.key === "path" && tree}
                <Lines
                  lines={chapter.lines}
                  current={line.key}
                  visit={(key) => setAt(lines.findIndex((each) => each.key === key))}
                  guess={
                    predicts && line.result ? (
                      <Guess
                        key={line.key}
                        {...line.result}
                        revealed={revealed.includes(line.key)}
                        onReveal={() => setRevealed([...revealed, line.key])}
                        onForward={() => {
                          guesses.current = true;
                          go(1);
                        }}
                      />
                    ) : undefined
                  }
                />
              </div>
            </section>
          ))}
        </div>
      </section>
    </Hidden.Provider>
  );
}

function Prose({ chapter, onNetwork }: { chapter: Chapter; onNetwork: (change: Change) => void }) {
  const { language, t } = useLanguage();
  const { change } = chapter;
  return (
    <>
      {chapter.prose.map(({ en, zh }) => (
        <p>{language === "en" ? en : zh}</p>
      ))}
      {change && (
        <button type="button" class="lab-change" onClick={() => onNetwork(change)}>
          {t(change.text)}
        </button>
      )}
    </>
  );
}

interface LinesProps {
  lines: Stage[];
  current: string;
  visit: (key: string) => void;
  /** What the current line asks for. */
  guess: ComponentChildren;
}

function Lines({ lines, current, visit, guess }: LinesProps) {
  const { t } = useLanguage();
  return (
    <ol class="lab-lines">
      {lines.map(({ key, phase, title, reason, derivation, symbols, values }) => (
        <li
          key={key}
          data-line={key}
          class={`lab-line lab-${phase}`}
          aria-current={key === current ? "step" : undefined}
        >
          <button type="button" class="lab-title" onClick={() => visit(key)}>
            <span class="lab-phase">{t(PHASES[phase])}</span> <span>{t(title)}</span>
          </button>
          {reason && <p class="lab-reason">{t(reason)}</p>}
          {derivation?.map((row) => (
            <div class="lab-because">
              <Formula>{row}</Formula>
            </div>
          ))}
          <div class="lab-formulas">
            <Formula>{symbols}</Formula>
            <Figures>{values}</Figures>
          </div>
          {key === current && guess}
        </li>
      ))}
    </ol>
  );
}

/** What the reader points at: its symbol, all digits of its number, what it is and what it is computed from. */
function Readout({ pointed }: { pointed: Pointed | undefined }) {
  const { t } = useLanguage();
  if (!pointed)
    return (
      <p class="lab-readout lab-hint">
        {t({
          en: "Point at a number, a symbol or an edge: it lights up wherever it occurs, and what it is computed from is underlined. By keyboard: Tab to a number, then the arrow keys. Elsewhere ← and → go through the lines.",
          zh: "指著任何數字、符號或邊：同一個量會在各處亮起，算出它的量則加底線。用鍵盤：先按 Tab 移到數字，再用方向鍵。在其他地方，← 與 → 逐行前進。",
        })}
      </p>
    );
  const { of, value } = pointed;
  const from = origins(of).map(label);
  return (
    <p class="lab-readout">
      <b class="math-text">
        {label(of)}
        {value !== undefined && ` = ${value.replace("-", "−")}`}
      </b>{" "}
      {t(meaning(of))}
      {from.length > 0 && (
        <>
          {t({ en: ", from ", zh: "，來自 " })}
          <span class="math-text">{from.join(", ")}</span>
        </>
      )}
    </p>
  );
}
