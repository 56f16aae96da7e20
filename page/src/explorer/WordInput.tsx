import { useEffect, useId, useState } from "preact/hooks";
import { call } from "../api";

interface Props {
  label: string;
  value: string;
  onWord: (word: string) => void;
}

const PAUSE = 120; // milliseconds without a key before completions are asked for

/** A field for a word, with completions: the most frequent words that begin with what is typed. */
export function WordInput({ label, value, onWord }: Props) {
  const [text, setText] = useState(value);
  const [words, setWords] = useState<string[]>([]);
  const list = useId();
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (!text || text === value) return;
    const left = new AbortController();
    const later = setTimeout(() => {
      call<{ words: string[] }>("complete", { text }, left.signal).then((found) => setWords(found.words), () => {});
    }, PAUSE);
    return () => {
      clearTimeout(later);
      left.abort();
    };
  }, [text, value]);
  return (
    <form
      class="explorer-field"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim()) onWord(text.trim());
      }}
    >
      <label>
        <span>{label}</span>
        <input
          value={text}
          list={list}
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => {
            setText(currentTarget.value);
            if (words.includes(currentTarget.value)) onWord(currentTarget.value);
          }}
          onBlur={() => text.trim() && text.trim() !== value && onWord(text.trim())}
        />
      </label>
      <datalist id={list}>
        {words.map((word) => (
          <option value={word} />
        ))}
      </datalist>
    </form>
  );
}
