import { useState } from "preact/hooks";
import type { Status } from "../api";
import { useLanguage } from "../i18n";
import { readable } from "../math/numbers";
import { goTo, useRoute } from "../route";
import { Bars } from "./Bars";
import "./explorer.css";
import { Ruler } from "./Ruler";
import { useAnswer } from "./useAnswer";
import { WordInput } from "./WordInput";

interface Word {
  word: string;
  closest?: string[];
  rank: number;
  count: number;
  share: number;
  length: number | null;
  neighbours: [string, number][];
}

interface Axis {
  placed: [string, number][];
  unknown: string[];
}

/** The words of the model: each with its neighbours, analogies, and the axis between two. */
export function Explorer({ status }: { status: Status }) {
  const { t, language } = useLanguage();
  const { parameters } = useRoute();
  const examples = status.model!.examples;
  const wish = (name: string, place: number) => parameters.get(name) ?? examples[place % examples.length]!;
  const word = wish("word", examples.length - 1);
  const [a, b, c] = [wish("a", 0), wish("b", 1), wish("c", 2)];
  const [from, to] = [wish("from", 0), wish("to", 1)];
  const listed = parameters.get("words") ?? "";
  const change = (changes: Record<string, string>) => goTo("explorer", { ...Object.fromEntries(parameters), ...changes });
  const choose = (chosen: string) => change({ word: chosen });
  const known = useAnswer<Word>("neighbours", { word });
  const analogy = useAnswer<{ found: [string, number][] }>("analogy", { a, b, c });
  const axis = useAnswer<Axis>("axis", { from, to, words: listed.split(/\s+/).filter(Boolean) });
  const [text, setText] = useState(listed);
  const whole = new Intl.NumberFormat(language);
  return (
    <div class="explorer">
      <section class="explorer-card" aria-labelledby="explorer-words">
        <h2 id="explorer-words">{t({ en: "Neighbours", zh: "鄰近字詞" })}</h2>
        <WordInput label={t({ en: "word", zh: "字詞" })} value={word} onWord={choose} />
        {known.error && <p role="alert">{known.error}</p>}
        {known.answer?.closest && (
          <p role="status">
            {t({ en: `The model has no word “${known.answer.word}”.`, zh: `模型沒有「${known.answer.word}」。` })}{" "}
            {known.answer.closest.length > 0 && t({ en: "Close to it: ", zh: "相近的有：" })}
            {known.answer.closest.map((near) => (
              <button type="button" class="explorer-word" onClick={() => choose(near)}>
                {near}
              </button>
            ))}
          </p>
        )}
        {known.answer?.neighbours && (
          <>
            <dl class="explorer-facts">
              <dt>{t({ en: "rank by frequency", zh: "頻率名次" })}</dt>
              <dd>
                {whole.format(known.answer.rank)} / {whole.format(status.model!.words)}
              </dd>
              <dt>{t({ en: "occurrences", zh: "出現次數" })}</dt>
              <dd>
                {whole.format(known.answer.count)} ({readable(Number((100 * known.answer.share).toPrecision(3)))} %)
              </dd>
              <dt>{t({ en: "length of the vector", zh: "向量長度" })}</dt>
              <dd>{known.answer.length === null ? "–" : readable(known.answer.length)}</dd>
            </dl>
            <Bars found={known.answer.neighbours} onWord={choose} />
          </>
        )}
      </section>
      <div class="explorer-rest">
        <section class="explorer-card" aria-labelledby="explorer-analogy">
          <h2 id="explorer-analogy">{t({ en: "Analogy", zh: "類比" })}</h2>
          <div class="explorer-fields">
            <WordInput label="a" value={a} onWord={(chosen) => change({ a: chosen })} />
            <span aria-hidden="true">:</span>
            <WordInput label="b" value={b} onWord={(chosen) => change({ b: chosen })} />
            <span aria-hidden="true">::</span>
            <WordInput label="c" value={c} onWord={(chosen) => change({ c: chosen })} />
            <span aria-hidden="true">: ?</span>
          </div>
          <p class="explorer-hint">
            {t({ en: `What is to ${c} as ${b} is to ${a}?`, zh: `「${a}」之於「${b}」，如同「${c}」之於什麼？` })}
          </p>
          {analogy.error && <p role="alert">{analogy.error}</p>}
          {analogy.answer && <Bars found={analogy.answer.found} onWord={choose} />}
        </section>
        <section class="explorer-card" aria-labelledby="explorer-axis">
          <h2 id="explorer-axis">{t({ en: "The axis between two words", zh: "兩個字詞之間的軸" })}</h2>
          <div class="explorer-fields">
            <WordInput label={t({ en: "from", zh: "從" })} value={from} onWord={(chosen) => change({ from: chosen })} />
            <WordInput label={t({ en: "to", zh: "到" })} value={to} onWord={(chosen) => change({ to: chosen })} />
            <form
              class="explorer-field explorer-list"
              onSubmit={(event) => {
                event.preventDefault();
                change({ words: text.trim() });
              }}
            >
              <label>
                <span>{t({ en: "words to place (else the neighbours)", zh: "要放上去的字詞（留空則用鄰近字詞）" })}</span>
                <input value={text} spellcheck={false} onInput={({ currentTarget }) => setText(currentTarget.value)} />
              </label>
              <button type="submit">{t({ en: "Place", zh: "放置" })}</button>
            </form>
          </div>
          {axis.error && <p role="alert">{axis.error}</p>}
          {axis.answer && (
            <>
              <div class="explorer-scroll">
                <Ruler placed={axis.answer.placed} from={from} to={to} onWord={choose} />
              </div>
              {axis.answer.unknown.length > 0 && (
                <p role="status">
                  {t({ en: "Not in the model: ", zh: "模型沒有：" })}
                  {axis.answer.unknown.join(t({ en: ", ", zh: "、" }))}
                </p>
              )}
            </>
          )}
        </section>
      </div>
    </div>
  );
}
