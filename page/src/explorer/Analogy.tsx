import { useEffect, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { Bars, Unknown, useAnswer, type Scored } from "./answers";
import { WordInput } from "./WordInput";

type Terms = { a: string; b: string; c: string };

interface Given {
  terms: Terms;
  ignoreCase: boolean;
  onTerms: (terms: Terms) => void;
  onChoose: (word: string) => void;
  /** What the server answers; null while there is nothing. */
  onAnswer: (answer: AnalogyAnswer | null) => void;
}

export interface AnalogyAnswer {
  unknown?: string[];
  answers?: Scored[];
  /** The rows of a, b and c; null where a word has a vector, but no row. */
  rows?: (number | null)[];
}

/** a is to b as c is to which words? */
export function Analogy({ terms, ignoreCase, onTerms, onChoose, onAnswer }: Given) {
  const { t } = useLanguage();
  const [written, setWritten] = useState(terms);
  const [method, setMethod] = useState("3cosadd");
  const whole = terms.a && terms.b && terms.c;
  const { answer, error } = useAnswer<AnalogyAnswer>("analogy", whole ? { ...terms, method } : null);
  useEffect(() => {
    onAnswer(answer);
    return () => onAnswer(null);
  }, [answer]);
  const replace = (word: string, by: string) => {
    const [a, b, c] = [written.a, written.b, written.c].map((each) => (each === word ? by : each)) as [string, string, string];
    setWritten({ a, b, c });
    onTerms({ a, b, c });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onTerms({ a: written.a.trim(), b: written.b.trim(), c: written.c.trim() });
      }}
    >
      <div class="explorer-row">
        {(["a", "b", "c"] as const).map((name) => (
          <WordInput
            key={name}
            label={name}
            value={written[name]}
            ignoreCase={ignoreCase}
            onInput={(word) => setWritten((before) => ({ ...before, [name]: word }))}
            onChoose={() => {}}
          />
        ))}
      </div>
      <div class="explorer-row">
        <label>
          {t({ en: "Method", zh: "方法" })}{" "}
          <select value={method} onChange={(event) => setMethod(event.currentTarget.value)}>
            <option value="3cosadd">3CosAdd</option>
            <option value="3cosmul">3CosMul</option>
          </select>
        </label>
        <button type="submit">a : b :: c : ?</button>
      </div>
      {error && <p role="alert">{error.message}</p>}
      {answer?.unknown && <Unknown words={answer.unknown} onReplace={replace} />}
      {answer?.answers && <Bars found={answer.answers} onChoose={onChoose} name={`${terms.a} ${terms.b} ${terms.c}`} />}
    </form>
  );
}
