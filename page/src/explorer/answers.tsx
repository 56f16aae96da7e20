import { useEffect, useState } from "preact/hooks";
import { call } from "../api";
import { useLanguage } from "../i18n";
import { fixed } from "../math/numbers";
import { readableWord } from "../words";
import { save } from "./map/picture";

export interface Scored {
  word: string;
  row: number;
  score: number;
}

/** What the server answers to a question, and what it says when it cannot. */
export function useAnswer<Answer>(name: string, body: object | null): { answer: Answer | null; error: Error | null } {
  const [state, setState] = useState<{ answer: Answer | null; error: Error | null }>({ answer: null, error: null });
  const asked = body && JSON.stringify(body);
  useEffect(() => {
    setState({ answer: null, error: null });
    if (!asked) return;
    const abort = new AbortController();
    call<Answer>(name, JSON.parse(asked), abort.signal).then(
      (answer) => setState({ answer, error: null }),
      (error: Error) => abort.signal.aborted || setState({ answer: null, error }),
    );
    return () => abort.abort();
  }, [name, asked]);
  return state;
}

interface BarsGiven {
  found: readonly Scored[];
  onChoose: (word: string) => void;
  /** What the file is called after. */
  name: string;
}

/** Words with bars of their scores, from 0 to 1 as everywhere; each word can be chosen, and all saved. */
export function Bars({ found, onChoose, name }: BarsGiven) {
  const { t } = useLanguage();
  const whole = Math.max(1, ...found.map(({ score }) => Math.abs(score))); // 3CosMul may pass 1
  const csv = () => {
    const quoted = (word: string) => `"${word.replaceAll('"', '""')}"`;
    const lines = ["word,score", ...found.map(({ word, score }) => `${quoted(word)},${score}`)];
    const file = name.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 40);
    save(new Blob(["\ufeff", lines.join("\r\n"), "\r\n"], { type: "text/csv" }), `wordkin-${file}.csv`);
  };
  return (
    <>
    <ol class="explorer-bars">
      {found.map(({ word, score }) => (
        <li key={word}>
          <button type="button" class="explorer-word" onClick={() => onChoose(word)}>
            {readableWord(word)}
          </button>
          <span class="explorer-bar" aria-hidden="true">
            <span style={{ width: `${(100 * Math.abs(score)) / whole}%` }} />
          </span>
          <span class="explorer-score">{fixed(score, 3)}</span>
        </li>
      ))}
    </ol>
    <button type="button" onClick={csv}>
      {t({ en: "Save as CSV", zh: "存成 CSV" })}
    </button>
    </>
  );
}

/** That words are unknown, with the closest spellings of each to choose from. */
export function Unknown({ words, onReplace }: { words: readonly string[]; onReplace: (word: string, by: string) => void }) {
  return (
    <>
      {words.map((word) => (
        <UnknownWord key={word} word={word} onReplace={onReplace} />
      ))}
    </>
  );
}

function UnknownWord({ word, onReplace }: { word: string; onReplace: (word: string, by: string) => void }) {
  const { t } = useLanguage();
  const { answer } = useAnswer<{ words: string[] }>("closest", { word });
  return (
    <p role="status">
      {t({ en: `“${readableWord(word)}” is not in the vocabulary.`, zh: `詞彙表裡沒有「${readableWord(word)}」。` })}{" "}
      {answer?.words.length ? t({ en: "Closest spellings:", zh: "最接近的拼法：" }) : ""}{" "}
      {answer?.words.map((each) => (
        <button type="button" key={each} onClick={() => onReplace(word, each)}>
          {readableWord(each)}
        </button>
      ))}
    </p>
  );
}
