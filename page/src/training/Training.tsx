import { useEffect, useMemo, useState } from "preact/hooks";
import uPlot from "uplot";
import { call, type Status } from "../api";
import { useLanguage } from "../i18n";
import { Plot } from "../plot";
import { type Trouble, usePolling } from "../poll";
import { goTo, useRoute } from "../route";
import { Beside, type Earlier } from "./Beside";
import { LiveMap, type Plane } from "./LiveMap";
import { Neighbours, type Found } from "./Neighbours";
import { Stop } from "./Stop";
import "./training.css";

export interface Epoch {
  run: number;
  epoch: number;
  tokens_so_far: number;
  loss: number | null;
  holdout_loss: number | null;
  learning_rate: number | null;
  tokens_per_second: number | null;
}

interface Run {
  stopping: boolean;
  seconds: number;
  epochs: number;
  tokens: number;
  of_tokens: number;
  tokens_per_second: number;
  seconds_left: number | null;
  memory: { expected: number; most: number | null };
  points: Record<"tokens" | "loss" | "learning_rate" | "tokens_per_second", number[]>;
}

export interface Trained extends Partial<Run> {
  state: "running" | "ended";
  history: Epoch[];
  settings: Settings;
  map?: Plane | null;
  neighbours: Found[];
  /** Seconds since the neighbours were asked for; null before the first time, and where the model is finished. */
  neighbours_age?: number | null;
  examples: string[];
  name: string;
  /** The models beside it. */
  others: Earlier[];
}

/** The hyper-parameters, by the names that Python and the command line have for them. */
export type Settings = Record<string, string | number | boolean | null>;

type Progress = { state: "reading" } | Trained;

const EVERY = 1000;
const WIDE = matchMedia("(min-width: 64rem)"); // as in training.css

export function Training(_: { status: Status }) {
  const { t } = useLanguage();
  const { parameters } = useRoute();
  const asked = parameters.get("words");
  const [progress, setProgress] = useState<Progress>();
  const examples = progress && progress.state !== "reading" ? progress.examples : undefined;
  const words = (asked ?? examples?.join(" ") ?? "").split(" ").filter(Boolean);
  const wanted = words.join(" ");
  const trouble = usePolling(
    async (signal) => {
      const answer = await call<Progress>("training", { words: wanted ? wanted.split(" ") : [] }, signal);
      setProgress(answer);
      return answer.state !== "ended";
    },
    EVERY,
    [wanted],
  );
  useTitle(progress);
  return (
    <div class="training">
      <h1>{t({ en: "Training", zh: "訓練" })}</h1>
      {trouble && <Standing {...trouble} />}
      {progress?.state === "reading" && <p role="status">{t({ en: "Reading the text …", zh: "正在讀取文本……" })}</p>}
      {progress && progress.state !== "reading" && (
        <>
          {progress.of_tokens !== undefined && <Numbers progress={progress as Trained & Run} />}
          <div class="training-curves">
            <Curves progress={progress} />
            {progress.map !== undefined && <LiveMap plane={progress.map} watched={words} />}
            <SettingsList settings={progress.settings} open={WIDE.matches && !progress.others.length} />
          </div>
          {progress.others.length > 0 && <Beside name={progress.name} run={progress} others={progress.others} />}
          <Neighbours
            words={words}
            neighbours={progress.neighbours}
            age={progress.neighbours_age}
            running={progress.state === "running"}
            onChange={(chosen) => goTo("training", { words: chosen.join(" ") }, true)}
          />
          {progress.history.length > 0 && <Epochs history={progress.history} />}
        </>
      )}
    </div>
  );
}

/** Why the picture stands still, and when it asks again. */
function Standing({ failure, retryIn }: Trouble) {
  const { t } = useLanguage();
  return (
    <p role="alert">
      {t({ en: "The picture stands still: ", zh: "畫面已停止更新：" })}
      {failure.message}
      {retryIn !== null && t({ en: ` It asks again in ${retryIn} s.`, zh: `${retryIn} 秒後再試。` })}
    </p>
  );
}

function Numbers({ progress }: { progress: Trained & Run }) {
  const { language, t } = useLanguage();
  const number = new Intl.NumberFormat(language);
  const running = progress.state === "running";
  const end = running ? undefined : progress.history.at(-1); // what the table ends with
  const rate = end?.learning_rate ?? progress.points.learning_rate.at(-1);
  const loss = end?.loss ?? progress.points.loss.at(-1);
  const epoch =
    end?.epoch ?? Math.min(progress.epochs, Math.floor((progress.tokens / progress.of_tokens) * progress.epochs) + 1);
  const megabytes = (bytes: number) => `${number.format(Math.round(bytes / 1e6))} MB`;
  const shown: [string, string][] = [
    [t({ en: "Epoch", zh: "輪次" }), `${epoch} / ${progress.epochs}`],
    [t({ en: "Tokens", zh: "詞元" }), `${number.format(progress.tokens)} / ${number.format(progress.of_tokens)}`],
    [
      end ? t({ en: "Loss of the last epoch", zh: "最後一輪的損失" }) : t({ en: "Loss", zh: "損失" }),
      loss === undefined ? "–" : loss.toFixed(4),
    ],
    [t({ en: "Tokens per second", zh: "每秒詞元數" }), number.format(Math.round(progress.tokens_per_second))],
    [t({ en: "Learning rate η", zh: "學習率 η" }), rate === undefined ? "–" : rate.toPrecision(4)],
    [t({ en: "Elapsed", zh: "已用時間" }), duration(progress.seconds, language)],
    [
      t({ en: "Time left", zh: "剩餘時間" }),
      progress.seconds_left === null ? "–" : duration(progress.seconds_left, language),
    ],
    [t({ en: "Memory expected", zh: "預計記憶體" }), megabytes(progress.memory.expected)],
  ];
  if (progress.memory.most !== null)
    shown.push([t({ en: "Most memory so far", zh: "記憶體峰值" }), megabytes(progress.memory.most)]);
  return (
    <>
      <div class="training-state">
        <p role="status">
          {running
            ? t({ en: "Training.", zh: "訓練中。" })
            : progress.stopping
              ? t({ en: "Training was stopped here.", zh: "訓練在此停止。" })
              : t({ en: "Training has ended.", zh: "訓練已結束。" })}
        </p>
        {running ? (
          <Stop stopping={progress.stopping} />
        ) : (
          <button
            onClick={() => {
              location.hash = "#explorer";
              location.reload();
            }}
          >
            {t({ en: "Explore the vectors", zh: "探索詞向量" })}
          </button>
        )}
      </div>
      <progress
        max={progress.of_tokens}
        value={progress.tokens}
        aria-label={t({ en: "Tokens trained", zh: "已訓練的詞元" })}
      />
      <dl class="training-numbers">
        {shown.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Curves({ progress }: { progress: Trained }) {
  const { t } = useLanguage();
  const { points, history } = progress;
  const tokens = t({ en: "tokens", zh: "詞元" });
  const loss = useMemo(() => {
    const ends = history.map(({ tokens_so_far }) => tokens_so_far);
    return uPlot.join([
      [points?.tokens ?? [], points?.loss ?? []],
      [ends, history.map(({ loss }) => loss), history.map(({ holdout_loss }) => holdout_loss)],
    ]) as uPlot.AlignedData;
  }, [progress]);
  const held = history.some(({ holdout_loss }) => holdout_loss !== null);
  const lossSeries = [
    { label: t({ en: "mean since the last point", zh: "前一點以來的平均" }), color: "--faint" },
    { label: t({ en: "epoch", zh: "整輪" }), color: "--accent", points: true },
    { label: t({ en: "held out", zh: "保留文本" }), color: "--negative", points: true, dash: [8, 5] },
  ];
  const shown = [...(points ? [0] : []), 1, ...(held ? [2] : [])];
  const lossValues = useMemo(
    () => [loss[0], ...shown.map((place) => loss[place + 1])] as uPlot.AlignedData,
    [loss, shown.join()],
  );
  const rates = useMemo(() => {
    if (points) return [points.tokens, points.learning_rate] as uPlot.AlignedData;
    return [history.map((epoch) => epoch.tokens_so_far), history.map((epoch) => epoch.learning_rate)] as uPlot.AlignedData;
  }, [progress]);
  const speeds = useMemo(() => points && ([points.tokens, points.tokens_per_second] as uPlot.AlignedData), [progress]);
  if (!points && history.length < 2) return null; // one dot is no curve; the table has its numbers
  return (
    <>
      <Plot
        title={t({ en: "Loss: mean J per pair", zh: "損失：每對的平均 J" })}
        xLabel={tokens}
        series={shown.map((place) => lossSeries[place]!)}
        values={lossValues}
      />
      {speeds && (
        <Plot
          title={t({ en: "Speed", zh: "速度" })}
          xLabel={tokens}
          series={[{ label: t({ en: "tokens per second", zh: "每秒詞元數" }), color: "--positive" }]}
          values={speeds}
        />
      )}
      <Plot
        title={t({ en: "Learning rate", zh: "學習率" })}
        xLabel={tokens}
        series={[{ label: "η", color: "--accent", points: !points }]}
        values={rates}
      />
    </>
  );
}

function Epochs({ history }: { history: Epoch[] }) {
  const { language, t } = useLanguage();
  const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const optional = (value: number | null, shown: (value: number) => string) => (value === null ? "–" : shown(value));
  const several = history.some(({ run }) => run > 1);
  return (
    <section>
      <h2>{t({ en: "Epochs", zh: "各輪紀錄" })}</h2>
      <div class="training-table" tabIndex={0} role="region" aria-label={t({ en: "Epochs", zh: "各輪紀錄" })}>
        <table>
          <thead>
            <tr>
              {several && <th scope="col">{t({ en: "Run", zh: "訓練次" })}</th>}
              <th scope="col">{t({ en: "Epoch", zh: "輪次" })}</th>
              <th scope="col">{t({ en: "Tokens so far", zh: "累計詞元" })}</th>
              <th scope="col">{t({ en: "Loss", zh: "損失" })}</th>
              <th scope="col">{t({ en: "Held-out loss", zh: "保留文本損失" })}</th>
              <th scope="col">η</th>
              <th scope="col">{t({ en: "Tokens/s", zh: "詞元／秒" })}</th>
            </tr>
          </thead>
          <tbody>
            {history.map((epoch) => (
              <tr key={`${epoch.run} ${epoch.epoch}`}>
                {several && <td>{epoch.run}</td>}
                <td>{epoch.epoch}</td>
                <td>{whole.format(epoch.tokens_so_far)}</td>
                <td>{optional(epoch.loss, (loss) => loss.toFixed(4))}</td>
                <td>{optional(epoch.holdout_loss, (loss) => loss.toFixed(4))}</td>
                <td>{optional(epoch.learning_rate, (rate) => rate.toPrecision(4))}</td>
                <td>{optional(epoch.tokens_per_second, (speed) => whole.format(speed))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function SettingsList({ settings, open }: { settings: Settings; open: boolean }) {
  const { t } = useLanguage();
  return (
    <details class="plot training-settings" open={open}>
      <summary>{t({ en: "What the run was started with", zh: "這次訓練的設定" })}</summary>
      <dl>
        {Object.entries(settings).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value === null ? "–" : String(value)}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** How far the run is, in the title of the window, where one sees it from elsewhere. */
function useTitle(progress: Progress | undefined) {
  const { language, t } = useLanguage();
  let title = "wordkin";
  if (progress?.state === "running" && progress.of_tokens) {
    const { tokens, of_tokens, seconds, seconds_left } = progress as Trained & Run;
    const left = seconds_left === null ? "" : t({ en: `, ${duration(seconds_left, language)} left`, zh: `，剩 ${duration(seconds_left, language)}` });
    title = `${Math.floor((100 * tokens) / of_tokens)}% · ${duration(seconds, language)}${left} · wordkin`;
  }
  useEffect(() => {
    document.title = title;
    return () => {
      document.title = "wordkin";
    };
  }, [title]);
}

function duration(seconds: number, language: string): string {
  const [value, unit] = seconds < 100 ? [seconds, "second"] : seconds < 6000 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  return new Intl.NumberFormat(language, { style: "unit", unit: unit as string, maximumFractionDigits: 0 }).format(
    value as number,
  );
}
