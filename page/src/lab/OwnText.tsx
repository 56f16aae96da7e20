import { useLanguage } from "../i18n";
import type { Corpus } from "./types";

interface Props {
  corpus: Corpus;
  /** The reader's own text, as it was given. */
  text: string | undefined;
  onText: (parameters: Record<string, string>) => void;
}

/** The fields for another text to train on. */
export function OwnText({ corpus, text, onText }: Props) {
  const { t } = useLanguage();
  return (
    <details>
      <summary>{t({ en: "Another text", zh: "換成自己的文本" })}</summary>
      <form
        class="lab-own"
        onSubmit={(event) => {
          event.preventDefault();
          const fields = [...new FormData(event.currentTarget)];
          onText(Object.fromEntries(fields.map(([name, value]) => [name, String(value)])));
        }}
      >
        <label class="lab-lines-of-text">
          {t({ en: "Lines of text, at most 500 words", zh: "一行一句，最多 500 個詞" })}
          <textarea name="text" rows={6}>
            {text ?? corpus.lines.map((line) => line.join(" ")).join("\n")}
          </textarea>
        </label>
        <label>
          {t({ en: "words on either side", zh: "左右各幾個詞" })}
          <input name="window" type="number" min="1" max="5" value={corpus.window} required />
        </label>
        <label>
          {t({ en: "negatives K", zh: "負例數 K" })}
          <input name="negatives" type="number" min="0" max="5" value={corpus.negatives} required />
        </label>
        <label>
          {t({ en: "numbers a vector", zh: "向量維度" })}
          <input name="size" type="number" min="2" max="8" value={corpus.size} required />
        </label>
        <button type="submit">{t({ en: "Use this text", zh: "使用這段文本" })}</button>
      </form>
    </details>
  );
}
