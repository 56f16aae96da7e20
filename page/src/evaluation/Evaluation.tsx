import { useState } from "preact/hooks";
import { call, type Status } from "../api";
import { useLanguage } from "../i18n";
import { usePolling } from "../poll";
import "./evaluation.css";

interface Section {
  name: string;
  correct: number;
  asked: number;
  skipped: number;
  accuracy: number | null;
}

interface Analogies {
  kind: "analogies";
  name: string;
  sections: Section[];
  of_sections: number;
}

interface Similarity {
  kind: "similarity";
  name: string;
  score: null | {
    spearman: number | null;
    interval: [number | null, number | null];
    pearson: number | null;
    found: number;
    pairs: number;
  };
}

interface Scores {
  running: boolean;
  sets: (Analogies | Similarity)[];
}

const EVERY = 500;

export function Evaluation(_: { status: Status }) {
  const { t } = useLanguage();
  const [scores, setScores] = useState<Scores>();
  const trouble = usePolling(
    async (signal) => {
      const answer = await call<Scores>("evaluation", {}, signal);
      setScores(answer);
      return answer.running;
    },
    EVERY,
    [],
  );
  return (
    <div class="evaluation">
      <h1>{t({ en: "Evaluation", zh: "評估" })}</h1>
      {trouble && <p role="alert">{trouble.failure.message}</p>}
      {scores && (
        <p role="status">
          {scores.running ? t({ en: "Working …", zh: "計算中……" }) : t({ en: "All done.", zh: "全部完成。" })}
        </p>
      )}
      {scores?.sets.map((set) => (set.kind === "analogies" ? <AnalogySet {...set} /> : <SimilaritySet {...set} />))}
    </div>
  );
}

function AnalogySet({ name, sections, of_sections }: Analogies) {
  const { t } = useLanguage();
  const sum = (field: "correct" | "asked" | "skipped") => sections.reduce((total, each) => total + each[field], 0);
  const asked = sum("asked");
  const total: Section = {
    name: t({ en: "all sections", zh: "全部" }),
    correct: sum("correct"),
    asked,
    skipped: sum("skipped"),
    accuracy: asked ? sum("correct") / asked : null,
  };
  return (
    <section>
      <h2>{name}</h2>
      <p>
        {t({ en: "Analogies: a is to b as c is to what? 3CosAdd.", zh: "類比：a 之於 b，如同 c 之於何者？採 3CosAdd。" })}
        {sections.length < of_sections && ` ${sections.length} / ${of_sections}`}
      </p>
      <div class="evaluation-table" tabIndex={0} role="region" aria-label={name}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t({ en: "Section", zh: "類別" })}</th>
              <th scope="col">{t({ en: "Accuracy", zh: "正確率" })}</th>
              <td />
              <th scope="col">{t({ en: "Correct", zh: "答對" })}</th>
              <th scope="col">{t({ en: "Asked", zh: "題數" })}</th>
              <th scope="col">{t({ en: "Skipped", zh: "略過" })}</th>
            </tr>
          </thead>
          <tbody>
            {sections.map((each, place) => (
              <Row key={place} {...each} />
            ))}
          </tbody>
          <tfoot class="evaluation-total">
            <Row {...total} />
          </tfoot>
        </table>
      </div>
    </section>
  );
}

function Row({ name, accuracy, correct, asked, skipped }: Section) {
  const { language } = useLanguage();
  const number = new Intl.NumberFormat(language);
  const percent = new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1 });
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{accuracy === null ? "–" : percent.format(accuracy)}</td>
      <td>
        <Bar high={accuracy ?? 0} />
      </td>
      <td>{number.format(correct)}</td>
      <td>{number.format(asked)}</td>
      <td>{number.format(skipped)}</td>
    </tr>
  );
}

function SimilaritySet({ name, score }: Similarity) {
  const { language, t } = useLanguage();
  const number = new Intl.NumberFormat(language);
  const shown = (value: number | null) => (value === null ? "–" : value.toFixed(3));
  return (
    <section>
      <h2>{name}</h2>
      <p>
        {t({
          en: "Similarity: how the cosines of pairs agree with what people say.",
          zh: "相似度：詞對的餘弦與人的評分有多一致。",
        })}
      </p>
      {score && (
        <div class="evaluation-table" tabIndex={0} role="region" aria-label={name}>
          <table>
            <tbody>
              <tr>
                <th scope="row">{t({ en: "Spearman's ρ", zh: "斯皮爾曼 ρ" })}</th>
                <td>{shown(score.spearman)}</td>
                <td>
                  <Bar high={score.spearman ?? 0} interval={score.interval} />
                </td>
              </tr>
              <tr>
                <th scope="row">{t({ en: "its 95% interval", zh: "其 95% 信賴區間" })}</th>
                <td>{score.interval.map(shown).join(" … ")}</td>
                <td />
              </tr>
              <tr>
                <th scope="row">{t({ en: "Pearson's r", zh: "皮爾森 r" })}</th>
                <td>{shown(score.pearson)}</td>
                <td>
                  <Bar high={score.pearson ?? 0} />
                </td>
              </tr>
              <tr>
                <th scope="row">{t({ en: "Pairs found", zh: "找到的詞對" })}</th>
                <td>
                  {number.format(score.found)} / {number.format(score.pairs)}
                </td>
                <td>
                  <Bar high={score.found / score.pairs} />
                </td>
              </tr>
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** A bar from 0 to 1; what is below 0 is drawn as 0. */
function Bar({ high, interval }: { high: number; interval?: [number | null, number | null] }) {
  const x = (value: number | null) => 200 * Math.min(1, Math.max(0, value ?? 0));
  return (
    <svg class="evaluation-bar" viewBox="0 0 200 16" preserveAspectRatio="none" aria-hidden="true">
      <rect class="evaluation-all" width="200" height="16" />
      <rect class="evaluation-share" width={x(high)} height="16" />
      {interval && <path class="evaluation-interval" d={`M${x(interval[0])} 3v10m0-5H${x(interval[1])}m0-5v10`} />}
    </svg>
  );
}
