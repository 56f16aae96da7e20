import { useEffect, useId, useRef, useState } from "preact/hooks";
import { call } from "../api";
import { useLanguage } from "../i18n";
import { readableWord } from "../words";

interface Completion {
  word: string;
  count: number;
}

interface Given {
  label: string;
  value: string;
  ignoreCase: boolean;
  /** While the reader writes. */
  onInput: (word: string) => void;
  /** A word was chosen: by Enter, or from the list. */
  onChoose: (word: string) => void;
}

/** The completions that are shown, and the place of the one that the keys are at. */
const NOTHING: { found: Completion[]; active: number } = { found: [], active: -1 };

/** A text field that completes words of the vocabulary: a combobox with a list. */
export function WordInput({ label, value, ignoreCase, onInput, onChoose }: Given) {
  const { language } = useLanguage();
  const id = useId();
  const [asked, setAsked] = useState("");
  const [{ found, active }, setList] = useState(NOTHING);
  const typed = useRef(false);

  useEffect(() => {
    if (!asked) return setList(NOTHING);
    const abort = new AbortController();
    call<{ words: Completion[] }>("complete", { prefix: asked, ignore_case: ignoreCase }, abort.signal).then(
      ({ words }) => {
        const listed = typed.current ? words : [];
        // Who was at a word stays at it.
        setList(({ found, active }) => ({ found: listed, active: listed.findIndex(({ word }) => word === found[active]?.word) }));
      },
      () => {},
    );
    return () => abort.abort();
  }, [asked, ignoreCase]);

  /** Hides the list, and drops an answer that is still under way. */
  const close = () => {
    typed.current = false;
    setAsked("");
    setList(NOTHING);
  };
  const choose = (word: string) => {
    close();
    onInput(word);
    if (word) onChoose(word);
  };
  const key = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      choose(found[active]?.word ?? value.trim());
      if (active < 0) return; // and the form that the field is in is sent
    } else if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") setList({ found, active: Math.min(active + 1, found.length - 1) });
    else if (event.key === "ArrowUp") setList({ found, active: Math.max(active - 1, -1) });
    else return;
    event.preventDefault();
  };
  return (
    <div class="explorer-input">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="text"
        role="combobox"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={active < 0 ? undefined : `${id}-${active}`}
        value={value}
        onInput={(event) => {
          typed.current = true;
          onInput(event.currentTarget.value);
          setAsked(event.currentTarget.value.trim());
        }}
        onKeyDown={key}
        onBlur={close}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={label} hidden={!found.length}>
        {found.map(({ word, count }, place) => (
          <li
            key={word}
            id={`${id}-${place}`}
            role="option"
            aria-selected={place === active}
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(word)}
          >
            <span>{readableWord(word)}</span> <small>{count.toLocaleString(language)}</small>
          </li>
        ))}
      </ul>
    </div>
  );
}
