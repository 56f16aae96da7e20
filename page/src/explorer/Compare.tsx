import { useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { fixed } from "../math/numbers";
import { readableWord } from "../words";
import { listed } from "./Axis";

export interface CompareAnswer {
  words: { word: string; row: number | null }[];
  cosines: number[][];
  missing: string[];
}

interface Given {
  list: string;
  answer: CompareAnswer | null;
  error: Error | null;
  onList: (list: string) => void;
}

/** The cosines of some words with each other, as a heat-map. */
export function Compare({ list, answer, error, onList }: Given) {
  const { t } = useLanguage();
  const [written, setWritten] = useState(list);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onList(listed(written).join(" "));
      }}
    >
      <label class="explorer-list-label">
        {t({ en: "Words to compare, up to 40", zh: "要比較的詞，最多 40 個" })}
        <textarea rows={2} value={written} onInput={(event) => setWritten(event.currentTarget.value)} />
      </label>
      <button type="submit">{t({ en: "Compare", zh: "比較" })}</button>
      {error && <p role="alert">{error.message}</p>}
      {answer && answer.missing.length > 0 && (
        <p role="status">
          {t({ en: "Not in the vocabulary: ", zh: "詞彙表裡沒有：" })}
          {answer.missing.map(readableWord).join(t({ en: ", ", zh: "、" }))}
        </p>
      )}
    </form>
  );
}

/** Each cell has its number; its colour is that of positive or negative, as strong as the cosine is large. */
export function HeatMap({ answer, onChoose }: { answer: CompareAnswer; onChoose: (word: string) => void }) {
  const { t } = useLanguage();
  return (
    <section class="explorer-heat" tabIndex={0} aria-label={t({ en: "Cosines of the words", zh: "詞之間的餘弦" })}>
      <table>
        <thead>
          <tr>
            <td />
            {answer.words.map(({ word }) => (
              <th key={word} scope="col">
                <span>{readableWord(word)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {answer.words.map(({ word }, place) => (
            <tr key={word}>
              <th scope="row">
                <button type="button" class="explorer-word" onClick={() => onChoose(word)}>
                  {readableWord(word)}
                </button>
              </th>
              {answer.cosines[place]!.map((cosine, other) => (
                <td key={other} style={{ background: shade(cosine) }} title={`${word}, ${answer.words[other]!.word}: ${fixed(cosine, 4)}`}>
                  {fixed(cosine, 2)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const shade = (cosine: number) =>
  `color-mix(in srgb, var(${cosine < 0 ? "--negative" : "--positive"}) ${Math.round(45 * Math.abs(cosine))}%, var(--paper))`;
