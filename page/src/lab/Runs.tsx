import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { readable } from "../math/numbers";
import { Plot } from "../plot";
import { Directions } from "./Directions";
import type { Pass, State, StepOf } from "./types";

const PAUSE = 300; // milliseconds
const MANY = 20; // passes over a text

/** How many steps were taken, and J then. */
export type Point = [number, number];

interface Props {
  state: State;
  pass: Pass;
  losses: Point[];
  positivesOnly: boolean;
  onPositivesOnly: (only: boolean) => void;
  of: StepOf;
  onOf: (of: StepOf) => void;
  take: (steps: number) => Promise<void>;
  again: () => void;
  failed: (failure: Error) => void;
  /** The windows of the text that is trained on, if there is one: a step is one of them. */
  windows: number | undefined;
}

/** Many steps: of the whole window, of a positive and the negatives in turn, or of a text's windows. */
export function RunButtons(props: Props) {
  const { state, pass, losses, positivesOnly, onPositivesOnly, of, onOf, take, again, failed, windows } = props;
  const { t } = useLanguage();
  const [running, setRunning] = useState(false);
  useEffect(() => {
    if (!running) return;
    const next = setTimeout(() => {
      take(windows || of === "window" ? 1 : state.outputs.length).catch((failure: Error) => {
        setRunning(false);
        failed(failure);
      });
    }, PAUSE);
    return () => clearTimeout(next);
  }, [running, state, of]);
  const step = (steps: number) => void take(steps).catch(failed);
  const many = async (passes: number) => {
    for (let pass = 0; pass < passes; pass++) await take(windows!);
  };
  const taken = losses.at(-1)?.[0] ?? 0;
  const J = windows ? losses.at(-1)![1] : pass.J_of_all;
  return (
    <>
      <div class="lab-buttons">
        {!windows && (
          <label class="lab-of">
            {t({ en: "a step takes", zh: "一步包含" })}
            <select value={of} onChange={(event) => onOf(event.currentTarget.value as StepOf)}>
              <option value="window">{t({ en: "the whole window, as training does", zh: "整個視窗，與訓練相同" })}</option>
              <option value="pair">{t({ en: "one pair after the other", zh: "一次一對" })}</option>
            </select>
          </label>
        )}
        <button type="button" disabled={running} onClick={() => step(1)}>
          {windows ? t({ en: "Train this window", zh: "訓練這個視窗" }) : t({ en: "Step", zh: "一步" })}
        </button>
        {windows ? (
          <>
            <button type="button" disabled={running} onClick={() => step(windows)}>
              {t({ en: "One pass", zh: "讀一遍" })}
            </button>
            <button type="button" disabled={running} onClick={() => void many(MANY).catch(failed)}>
              {t({ en: `${MANY} passes`, zh: `讀 ${MANY} 遍` })}
            </button>
          </>
        ) : (
          <button type="button" disabled={running} onClick={() => step(10)}>
            {t({ en: "10 steps", zh: "十步" })}
          </button>
        )}
        <button type="button" onClick={() => setRunning(!running)}>
          {running ? t({ en: "Pause", zh: "暫停" }) : t({ en: "Run", zh: "執行" })}
        </button>
        <button
          type="button"
          onClick={() => {
            setRunning(false);
            again();
          }}
        >
          {t({ en: "Start again", zh: "重新開始" })}
        </button>
        {!windows && (
          <button type="button" aria-pressed={positivesOnly} onClick={() => onPositivesOnly(!positivesOnly)}>
            {t({ en: "Positives only", zh: "只用正例" })}
          </button>
        )}
        <span class="lab-sum">
          J = <output title={String(J)}>{readable(J)}</output>
          {" · "}
          {windows ? t({ en: `${taken} windows`, zh: `${taken} 個視窗` }) : t({ en: `${taken} steps`, zh: `${taken} 步` })}
        </span>
      </div>
      {!windows && of === "pair" && (
        <p class="lab-hint">
          {t({
            en: "Each pair starts from what the pair before it left. Training takes all pairs of a window from the same old values, adds their gradients, and steps once.",
            zh: "每一對都從前一對更新後的值開始。訓練時，視窗裡的所有配對都從同樣的舊值計算梯度，加總之後只更新一次。",
          })}
        </p>
      )}
      {positivesOnly && (
        <p class="lab-hint">
          {t({
            en: "Every pair now counts as positive. J falls towards 0, and all vectors turn onto one line: nothing tells the words apart any more. This is why negatives are needed.",
            zh: "現在每一對都當成正例。J 趨近 0，所有向量都轉到同一條線上：詞與詞之間再也沒有分別。這就是需要負例的原因。",
          })}
        </p>
      )}
    </>
  );
}

interface ViewsProps {
  state: State;
  pass: Pass;
  losses: Point[];
  windows: number | undefined;
  children: ComponentChildren;
}

/** What the steps have done: the course of J, and the vectors. */
export function RunViews({ state, pass, losses, windows, children }: ViewsProps) {
  const { t } = useLanguage();
  const title = windows
    ? t({ en: "J per pair, over the whole text", zh: "整個文本每對的平均損失 J" })
    : t({ en: "J, the sum over all pairs, after each step", zh: "每一步之後，所有配對的總損失 J" });
  return (
      <div class="lab-views">
        <Plot
          title={title}
          xLabel={windows ? t({ en: "windows", zh: "視窗數" }) : t({ en: "steps", zh: "步數" })}
          series={[{ label: "J", color: "--accent", points: losses.length < 20 }]}
          values={[losses.map(([steps]) => steps), losses.map(([, J]) => J)]}
        />
        {children}
        <Directions state={state} view={pass.view} />
      </div>
  );
}
