import { useLayoutEffect, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { fixed } from "../math/numbers";
import { readableWord } from "../words";
import { Unknown, type Scored } from "./answers";
import type { Order, Other } from "./useOther";
import { WordInput } from "./WordInput";

export interface OtherWord {
  unknown?: string[];
  /** In the first model, and in the second. */
  rows?: [number | null, number | null];
  neighbours?: [Scored[] | null, Scored[] | null];
}

interface Given {
  /** The names of the first model, and of those that may stand beside it. */
  name: string;
  others: readonly string[];
  place: number;
  other: Other | null;
  error: Error | null;
  word: string;
  answer: OtherWord | null;
  answerError: Error | null;
  ignoreCase: boolean;
  /** The words in the list, by their rows in the first model, and where they come from. */
  listed: readonly number[];
  order: Order;
  among: number;
  count: number;
  counts: readonly number[];
  wordAt: (row: number) => string;
  onGo: (change: Record<string, string>) => void;
}

export const AMONG = [1000, 5000, 20_000, 100_000, Infinity];

/** A second model beside the first: the words that moved, and the neighbours of a word in both. */
export function Models(given: Given) {
  const { name, others, place, other, error, word, answer, answerError, ignoreCase, onGo } = given;
  const { t } = useLanguage();
  const [text, setText] = useState(word);
  useLayoutEffect(() => setText(word), [word]);
  return (
    <>
      {others.length > 1 && (
        <label class="explorer-list-label">
          {t({ en: "Beside it", zh: "並列的模型" })}{" "}
          <select value={place} onChange={(event) => onGo({ other: event.currentTarget.value, at: "" })}>
            {others.map((each, number) => (
              <option key={each} value={number}>
                {each}
              </option>
            ))}
          </select>
        </label>
      )}
      <WordInput
        label={t({ en: "Search for a word", zh: "搜尋詞" })}
        value={text}
        ignoreCase={ignoreCase}
        onInput={setText}
        onChoose={(chosen) => onGo({ word: chosen })}
      />
      {answerError && <p role="alert">{answerError.message}</p>}
      {answer?.unknown && <Unknown words={answer.unknown} onReplace={(_, by) => onGo({ word: by })} />}
      {answer?.neighbours && (
        <Beside word={word} names={[name, others[place]!]} distance={distanceOf(other, answer)} neighbours={answer.neighbours} onChoose={(chosen) => onGo({ word: chosen })} />
      )}
      {error && <p role="alert">{error.message}</p>}
      {!other && !error && <p role="status">{t({ en: "The second model is laid over the first …", zh: "正在將第二個模型疊到第一個上……" })}</p>}
      {other && <Moved {...given} other={other} />}
    </>
  );
}

function distanceOf(other: Other | null, { rows }: OtherWord): number | null {
  const distance = rows?.[0] == null ? undefined : other?.distances[rows[0]];
  return distance === undefined || Number.isNaN(distance) ? null : distance;
}

interface BesideGiven {
  word: string;
  names: [string, string];
  distance: number | null;
  neighbours: [Scored[] | null, Scored[] | null];
  onChoose: (word: string) => void;
}

/** The neighbours of a word in both models, side by side; those that both have are bold. */
function Beside({ word, names, distance, neighbours, onChoose }: BesideGiven) {
  const { t } = useLanguage();
  const sets = neighbours.map((found) => new Set(found?.map(({ word }) => word)));
  const [shown, lacking] = [readableWord(word), neighbours.findIndex((found) => found === null)];
  return (
    <section>
      <h2>{t({ en: `“${shown}” in both`, zh: `「${shown}」在兩個模型中` })}</h2>
      {distance !== null && <p class="explorer-faint">{t({ en: `It moved by ${fixed(distance, 3)}.`, zh: `移動了 ${fixed(distance, 3)}。` })}</p>}
      {lacking >= 0 && <p role="status">{t({ en: `${names[lacking]} has no “${shown}”.`, zh: `${names[lacking]} 沒有「${shown}」。` })}</p>}
      <div class="explorer-both">
        {neighbours.map((found, model) => (
          <div key={model}>
            <h3>{names[model]}</h3>
            <ol>
              {found?.map(({ word: near, score }) => (
                <li key={near} class={sets[1 - model]!.has(near) ? "explorer-shared" : undefined}>
                  <button type="button" class="explorer-word" onClick={() => onChoose(near)}>
                    {readableWord(near)}
                  </button>
                  <span class="explorer-score">{fixed(score, 2)}</span>
                </li>
              ))}
            </ol>
          </div>
        ))}
      </div>
      <p class="explorer-faint">{t({ en: "Bold: a neighbour in both.", zh: "粗體：在兩個模型中都是鄰近詞。" })}</p>
    </section>
  );
}

/** The words of both models, with how far each moved; and what only one of them has. */
function Moved({ name, other, listed, order, among, count, counts, word, wordAt, onGo }: Given & { other: Other }) {
  const { language, t } = useLanguage();
  const number = (value: number) => value.toLocaleString(language);
  const column = (text: string, does: Order, also: Order = does) => (
    <th scope="col" aria-sort={order === "most" && does === "most" ? "descending" : order === does || order === also ? "ascending" : undefined}>
      <button type="button" onClick={() => onGo({ sort: order === does ? also : does })}>
        {text}
        <span aria-hidden="true">{order === does ? (does === "most" ? " ↓" : " ↑") : order === also ? " ↑" : ""}</span>
      </button>
    </th>
  );
  return (
    <section>
      <h2>{t({ en: "How far words moved: 1 − cosine", zh: "詞移動了多遠：1 − 餘弦" })}</h2>
      <div class="explorer-row">
        <label>
          {t({ en: "Among", zh: "範圍" })}{" "}
          <select value={String(among)} onChange={(event) => onGo({ among: event.currentTarget.value })}>
            {AMONG.map((each) => (
              <option key={each} value={String(each)}>
                {each === Infinity ? t({ en: "all words", zh: "所有的詞" }) : t({ en: `the ${number(each)} most frequent`, zh: `最常見的 ${number(each)} 個` })}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t({ en: "Shown", zh: "顯示" })}{" "}
          <select value={count} onChange={(event) => onGo({ n: event.currentTarget.value })}>
            {counts.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <table class="explorer-moved">
        <thead>
          <tr>
            <th scope="col">{t({ en: "Word", zh: "詞" })}</th>
            {column(t({ en: "Moved", zh: "移動" }), "most", "least")}
            {column(t({ en: "Rank in A", zh: "A 排名" }), "first")}
            {column(t({ en: "in B", zh: "B 排名" }), "second")}
          </tr>
        </thead>
        <tbody>
          {listed.map((row) => (
            <tr key={row} aria-current={wordAt(row) === word ? "true" : undefined}>
              <th scope="row">
                <button type="button" class="explorer-word" onClick={() => onGo({ word: wordAt(row) })}>
                  {readableWord(wordAt(row))}
                </button>
              </th>
              <td>
                <span class="explorer-bar" aria-hidden="true">
                  <span style={{ width: `${100 * Math.min(1, other.distances[row]!)}%` }} />
                </span>
                {fixed(other.distances[row]!, 3)}
              </td>
              <td>{number(row + 1)}</td>
              <td>{number(other.rows[row]! + 1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p>
        {t({ en: `${number(other.shared)} words are in both.`, zh: `兩者共有 ${number(other.shared)} 個詞。` })}{" "}
        {other.only.map(({ count, examples }, model) => {
          const [who, which] = [[name, other.name][model]!, examples.map(readableWord).join(t({ en: ", ", zh: "、" }))];
          const all = count <= examples.length;
          if (!count) return t({ en: `${who} has no others. `, zh: `${who} 沒有別的詞。` });
          return t({
            en: `Only ${who} has ${number(count)}${all ? ":" : ", such as"} ${which}. `,
            zh: `只有 ${who} 有的有 ${number(count)} 個${all ? "" : "，例如"}：${which}。`,
          });
        })}
      </p>
      <p class="explorer-faint">
        {t({
          en: "Two runs on one text differ, too, and rare words most: wordkin drift shows what is chance.",
          zh: "同一文本的兩次訓練也會不同，罕見詞尤其如此：wordkin drift 可看出哪些只是偶然。",
        })}
      </p>
    </section>
  );
}
