import { useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { fixed } from "../math/numbers";
import { Unknown, useAnswer } from "./answers";
import { WordInput } from "./WordInput";

interface Answer {
  unknown?: string[];
  places?: { word: string; place: number }[];
  missing?: string[];
}

interface Given {
  ends: { a: string; b: string; list: string };
  ignoreCase: boolean;
  onEnds: (ends: { a: string; b: string; list: string }) => void;
  onChoose: (word: string) => void;
}

/** The axis between two words as a ruler, on which other words are placed. */
export function Axis({ ends, ignoreCase, onEnds, onChoose }: Given) {
  const { t } = useLanguage();
  const [a, setA] = useState(ends.a);
  const [b, setB] = useState(ends.b);
  const [list, setList] = useState(ends.list);
  const words = ends.list.split(/[\s,、，]+/u).filter(Boolean);
  const { answer, error } = useAnswer<Answer>("axis", ends.a && ends.b ? { a: ends.a, b: ends.b, words } : null);
  const place = () => onEnds({ a: a.trim(), b: b.trim(), list });
  const replace = (word: string, by: string) => {
    const [nextA, nextB] = [a === word ? by : a, b === word ? by : b];
    setA(nextA);
    setB(nextB);
    onEnds({ a: nextA, b: nextB, list });
  };
  const places = answer?.places ?? [];
  const reach = Math.max(1, ...places.map(({ place }) => Math.abs(place)));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        place();
      }}
    >
      <div class="explorer-row">
        <WordInput label={t({ en: "From", zh: "從" })} value={a} ignoreCase={ignoreCase} onInput={setA} onChoose={() => {}} />
        <WordInput label={t({ en: "To", zh: "到" })} value={b} ignoreCase={ignoreCase} onInput={setB} onChoose={() => {}} />
      </div>
      <label class="explorer-list-label">
        {t({ en: "Words to place (none: the neighbours of both)", zh: "要放上的詞（留空：兩者的近鄰）" })}
        <textarea rows={2} value={list} onInput={(event) => setList(event.currentTarget.value)} />
      </label>
      <button type="submit">{t({ en: "Place", zh: "放上" })}</button>
      {error && <p role="alert">{error}</p>}
      {answer?.unknown && <Unknown words={answer.unknown} onReplace={replace} />}
      {answer?.missing && answer.missing.length > 0 && (
        <p role="status">
          {t({ en: "Not in the vocabulary: ", zh: "詞彙表裡沒有：" })}
          {answer.missing.join(t({ en: ", ", zh: "、" }))}
        </p>
      )}
      {places.length > 0 && (
        <>
          <p class="explorer-faint">
            {t({
              en: "−1 is the first word, 1 the second; at 0 a word is as similar to one as to the other.",
              zh: "−1 是第一個詞，1 是第二個詞；在 0 的詞與兩者一樣相似。",
            })}
          </p>
          <ol class="explorer-ruler">
            {[...places]
              .sort((one, other) => one.place - other.place)
              .map(({ word, place }) => (
                <li key={word} class={word === ends.a || word === ends.b ? "explorer-end" : ""}>
                  <button type="button" class="explorer-word" onClick={() => onChoose(word)}>
                    {word}
                  </button>
                  <span class="explorer-line" aria-hidden="true">
                    <span style={{ left: `${50 + (50 * place) / reach}%` }} />
                  </span>
                  <span class="explorer-score">{fixed(place, 2)}</span>
                </li>
              ))}
          </ol>
        </>
      )}
    </form>
  );
}
