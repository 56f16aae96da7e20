import { useEffect, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import type { AnalogyAnswer } from "./Analogy";
import { Bars, Unknown, useAnswer } from "./answers";

interface Given {
  sum: string;
  onSum: (sum: string) => void;
  onChoose: (word: string) => void;
  onAnswer: (answer: AnalogyAnswer | null) => void;
}

/** The words that are added and subtracted in a sum like `king - man + woman`. */
function terms(sum: string): { plus: string[]; minus: string[] } {
  const found = { plus: [] as string[], minus: [] as string[] };
  let sign: "plus" | "minus" = "plus";
  for (const part of sum.split(/\s+/).filter(Boolean)) {
    if (part === "+") sign = "plus";
    else if (part === "-" || part === "−") sign = "minus";
    else {
      found[sign].push(part);
      sign = "plus";
    }
  }
  return found;
}

/** The words nearest to a sum of several words' vectors. */
export function Arithmetic({ sum, onSum, onChoose, onAnswer }: Given) {
  const { t } = useLanguage();
  const [written, setWritten] = useState(sum);
  const asked = terms(sum);
  const { answer, error } = useAnswer<AnalogyAnswer>("arithmetic", asked.plus.length + asked.minus.length ? asked : null);
  useEffect(() => {
    onAnswer(answer);
    return () => onAnswer(null);
  }, [answer]);
  const replace = (word: string, by: string) => {
    const next = written.split(/(\s+)/).map((part) => (part === word ? by : part)).join("");
    setWritten(next);
    onSum(next);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSum(written.trim());
      }}
    >
      <label class="explorer-list-label">
        {t({ en: "Words with + or − between them, and spaces around the signs", zh: "以 + 或 − 連接的詞，符號兩側留空格" })}
        <input
          value={written}
          placeholder="king − man + woman"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setWritten(event.currentTarget.value)}
        />
      </label>
      <button type="submit">{t({ en: "Nearest words", zh: "最近的詞" })}</button>
      {error && <p role="alert">{error.message}</p>}
      {answer?.unknown && <Unknown words={answer.unknown} onReplace={replace} />}
      {answer?.answers && <Bars found={answer.answers} onChoose={onChoose} name={sum} />}
    </form>
  );
}
