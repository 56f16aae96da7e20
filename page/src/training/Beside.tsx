import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import { useLanguage } from "../i18n";
import { Plot, type Series } from "../plot";
import type { Epoch, Settings, Trained } from "./Training";

/** A run of which only what its model's file keeps is known. */
export interface Earlier {
  name: string;
  settings: Settings;
  history: Epoch[];
}

const COLOURS = ["--accent", "--negative", "--positive", "--backward", "--faint", "--ink"];
const DASHES = [undefined, [8, 5], [2, 3], [10, 3, 2, 3]];
/** What J depends on besides how well the model has learned. */
const OF_LOSS = ["architecture", "cbow_gradient", "negative", "noise_exponent", "output_layer", "sample", "window"];

/** The losses of several runs on one scale, and in which settings they differ. */
export function Beside({ name, run, others }: { name: string; run: Trained; others: readonly Earlier[] }) {
  const { t } = useLanguage();
  const all = [{ name, settings: run.settings, history: run.history, points: run.points }, ...others.map((other) => ({ ...other, points: undefined }))];
  const runs = all.filter(({ history, points }) => history.length || points);
  const without = all.filter((each) => !runs.includes(each)).map(({ name }) => name);
  const tokens = t({ en: "tokens", zh: "詞元" });
  const curve = (of: "loss" | "holdout_loss") =>
    runs.flatMap(({ name, history, points }, place) => {
      const live = of === "loss" && points?.tokens.length ? points : null;
      const [at, values] = live ? [live.tokens, live.loss] : [history.map(({ tokens_so_far }) => tokens_so_far), history.map((epoch) => epoch[of])];
      const series: Series = { label: name, color: COLOURS[place % COLOURS.length]!, points: !live };
      const dash = DASHES[place % DASHES.length];
      return values.some((value) => value !== null) ? [{ at, values, series: dash ? { ...series, dash } : series }] : [];
    });
  const curves = useMemo(() => ({ loss: curve("loss"), holdout_loss: curve("holdout_loss") }), [run, others]);
  const names = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))];
  const differing = names.filter((setting) => new Set(runs.map(({ settings }) => JSON.stringify(settings[setting] ?? null))).size > 1);
  const matter = differing.filter((setting) => OF_LOSS.includes(setting));
  const title = t({ en: "Runs side by side", zh: "多次訓練並列" });
  return (
    <section>
      <h2>{title}</h2>
      <div class="training-beside">
        {(["loss", "holdout_loss"] as const).map(
          (of) =>
            curves[of].length > 0 && (
              <Plot
                key={of}
                title={of === "loss" ? t({ en: "Loss of each run", zh: "各次訓練的損失" }) : t({ en: "Held-out loss of each run", zh: "各次訓練的保留文本損失" })}
                xLabel={tokens}
                series={curves[of].map(({ series }) => series)}
                values={joined(curves[of])}
              />
            ),
        )}
      </div>
      {without.length > 0 && (
        <p role="status">
          {t({
            en: `Without a history: ${without.join(", ")}. Only wordkin's own files keep one.`,
            zh: `沒有訓練紀錄：${without.join("、")}。只有 wordkin 自己的檔案會保存。`,
          })}
        </p>
      )}
      {differing.length > 0 && runs.length > 1 && (
        <div class="training-table" tabIndex={0} role="region" aria-label={t({ en: "Settings that differ", zh: "不同的設定" })}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t({ en: "Settings that differ", zh: "不同的設定" })}</th>
                {runs.map(({ name }, place) => (
                  <th key={place} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {differing.map((setting) => (
                <tr key={setting}>
                  <th scope="row">{setting}</th>
                  {runs.map(({ settings }, place) => (
                    <td key={place}>{String(settings[setting] ?? "–")}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="training-age">
        {matter.length
          ? t({
              en: `J cannot be compared between runs that differ in ${matter.join(", ")}: compare their scores instead.`,
              zh: `這些訓練的 ${matter.join("、")} 不同，J 無法互相比較：請比較評估分數。`,
            })
          : t({ en: "J can be compared between runs on one text with one vocabulary.", zh: "同一文本、同一詞彙表的訓練之間，J 才能比較。" })}
      </p>
    </section>
  );
}

function joined(curves: readonly { at: number[]; values: (number | null)[] }[]): uPlot.AlignedData {
  return uPlot.join(curves.map(({ at, values }) => [at, values])) as uPlot.AlignedData;
}
