import { useLanguage } from "../i18n";
import { fixed } from "../math/numbers";
import { readableWord } from "../words";

/** The cosines of the most frequent words' vectors as a heat-map, which shows what the network has learned. */
export function Cosines({ words, cosines }: { words: string[]; cosines: number[][] }) {
  const { t } = useLanguage();
  const shown = words.slice(0, cosines.length);
  const title = t({
    en: "How alike the word vectors are: the cosine of each two rows of V",
    zh: "詞向量有多相似：V 中任兩列的餘弦",
  });
  return (
    <figure class="lab-cosines" aria-label={title} tabIndex={0}>
      <figcaption>{title}</figcaption>
      <table>
        <thead>
          <tr>
            <td />
            {shown.map((word) => (
              <th scope="col">
                <span>{readableWord(word)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cosines.map((row, index) => (
            <tr>
              <th scope="row">{readableWord(shown[index]!)}</th>
              {row.map((cosine) => (
                <td
                  class={cosine < 0 ? "lab-minus" : "lab-plus"}
                  style={{ "--share": `${Math.round(70 * Math.abs(cosine))}%` }}
                  title={String(cosine)}
                >
                  {fixed(Math.round(10 * cosine) / 10 || 0, 1)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
