import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { readableWord } from "../words";

/** A word and its nearest ones with their cosines; null where the vocabulary lacks it. */
export interface Found {
  word: string;
  found: [string, number][] | null;
}

interface Props {
  words: string[];
  neighbours: Found[];
  age: number | null | undefined;
  running: boolean;
  onChange: (words: string[]) => void;
}

const MOST_WORDS = 8;

/** The neighbours of the words that one picks, the newcomers marked. */
export function Neighbours({ words, neighbours, age, running, onChange }: Props) {
  const { t } = useLanguage();
  const [typed, setTyped] = useState("");
  const watch = (word: string) => words.includes(word) || onChange([...words, word].slice(-MOST_WORDS));
  const add = (event: Event) => {
    event.preventDefault();
    const word = typed.trim().split(/\s+/)[0];
    if (word) watch(word);
    setTyped("");
  };
  const cards = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const removed = useRef<number | null>(null);
  const remove = (word: string) => {
    removed.current = words.indexOf(word);
    onChange(words.filter((other) => other !== word));
  };
  useLayoutEffect(() => {
    if (removed.current === null) return;
    const buttons = cards.current!.querySelectorAll("button");
    (buttons[Math.min(removed.current, buttons.length - 1)] ?? field.current!).focus();
    removed.current = null;
  }, [words.join(" ")]);
  return (
    <section>
      <h2>{t({ en: "Neighbours", zh: "鄰近詞" })}</h2>
      <form class="training-words" onSubmit={add}>
        <label>
          {t({ en: "Word to watch", zh: "要觀察的詞" })}{" "}
          <input ref={field} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} autocomplete="off" />
        </label>
        <button>{t({ en: "Add", zh: "加入" })}</button>
      </form>
      {running && (
        <p class="training-age">
          {age === null || age === undefined
            ? t({ en: "They come as soon as enough has been learned.", zh: "學到足夠的內容後就會出現。" })
            : t({ en: `As of ${Math.round(age)} s ago.`, zh: `${Math.round(age)} 秒前的結果。` })}
        </p>
      )}
      <div class="training-neighbours" ref={cards}>
        {words.map((word) => (
          <Card
            key={word}
            word={word}
            found={neighbours.find((each) => each.word === word)?.found}
            onRemove={() => remove(word)}
            onWatch={watch}
          />
        ))}
      </div>
    </section>
  );
}

interface CardProps {
  word: string;
  found: Found["found"] | undefined;
  onRemove: () => void;
  onWatch: (word: string) => void;
}

function Card({ word, found, onRemove, onWatch }: CardProps) {
  const { t } = useLanguage();
  const newcomers = useNewcomers(found);
  return (
    <section class="training-card">
      <h3>
        {readableWord(word)}{" "}
        <button onClick={onRemove} aria-label={t({ en: `Stop watching ${word}`, zh: `不再觀察「${word}」` })}>
          ×
        </button>
      </h3>
      {found === null ? (
        <p>{t({ en: "not in the vocabulary", zh: "不在詞彙表中" })}</p>
      ) : (
        <ol>
          {found?.map(([near, cosine]) => (
            <li key={near}>
              <button
                class="training-near"
                title={t({ en: "Watch this word, too", zh: "也觀察這個詞" })}
                onClick={() => onWatch(near)}
              >
                {readableWord(near)}
              </button>
              {newcomers.has(near) && <strong>{t({ en: "new", zh: "新" })}</strong>}
              <meter min={0} max={1} value={Math.max(0, cosine)} aria-hidden="true" />
              <data value={cosine}>{cosine.toFixed(3)}</data>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** The words that the list before lacked. */
function useNewcomers(found: CardProps["found"]): Set<string> {
  const before = useRef<string>(undefined);
  const [newcomers, setNewcomers] = useState(new Set<string>());
  const now = found?.map(([near]) => near).join(" ");
  useEffect(() => {
    if (before.current !== undefined && now !== undefined) {
      const known = new Set(before.current.split(" "));
      setNewcomers(new Set(now.split(" ").filter((near) => !known.has(near))));
    }
    before.current = now;
  }, [now]);
  return newcomers;
}
