import { useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { Unknown } from "./answers";
import type { Place } from "./ruler";
import { WordInput } from "./WordInput";

export interface Ends {
  a: string;
  b: string;
  list: string;
}

export interface AxisAnswer {
  unknown?: string[];
  places?: Place[];
  missing?: string[];
}

interface Given {
  ends: Ends;
  answer: AxisAnswer | null;
  error: Error | null;
  ignoreCase: boolean;
  onEnds: (ends: Ends) => void;
}

/** The words of a list that is typed with spaces or commas. */
export const listed = (list: string): string[] => list.split(/[\s,、，]+/u).filter(Boolean);

/** What is asked about an axis; null while an end is missing. */
export function asked({ a, b, list }: Ends): object | null {
  return a && b ? { a, b, words: listed(list) } : null;
}

/** Between which two words the axis runs, and which others are placed on it. */
export function Axis({ ends, answer, error, ignoreCase, onEnds }: Given) {
  const { t } = useLanguage();
  const [a, setA] = useState(ends.a);
  const [b, setB] = useState(ends.b);
  const [list, setList] = useState(ends.list);
  const place = () => onEnds({ a: a.trim(), b: b.trim(), list });
  const replace = (word: string, by: string) => {
    const [nextA, nextB] = [a === word ? by : a, b === word ? by : b];
    setA(nextA);
    setB(nextB);
    onEnds({ a: nextA, b: nextB, list });
  };
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
        {t({ en: "Words to place (none: the neighbours of both)", zh: "要放上的詞（留空：兩者的鄰近詞）" })}
        <textarea rows={2} value={list} onInput={(event) => setList(event.currentTarget.value)} />
      </label>
      <button type="submit">{t({ en: "Place", zh: "放上" })}</button>
      {error && <p role="alert">{error.message}</p>}
      {answer?.unknown && <Unknown words={answer.unknown} onReplace={replace} />}
      {answer?.missing && answer.missing.length > 0 && (
        <p role="status">
          {t({ en: "Not in the vocabulary: ", zh: "詞彙表裡沒有：" })}
          {answer.missing.join(t({ en: ", ", zh: "、" }))}
        </p>
      )}
    </form>
  );
}
