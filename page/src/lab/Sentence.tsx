import { useLanguage } from "../i18n";
import { readable } from "../math/numbers";
import { readableWord } from "../words";
import type { CorpusShown } from "./types";

const REACH = 12; // words of a long line on either side of the centre
const MOST_IN_URN = 16;

interface Props {
  shown: CorpusShown;
  /** Moves the window to another centre. */
  onMove: (at: number) => void;
}

/** The line that is read, with the window over it, and the urn of noise. */
export function Sentence({ shown, onMove }: Props) {
  const { t } = useLanguage();
  const { corpus, window, noise, beginning } = shown;
  const words = corpus.lines[window.line]!;
  const start = corpus.lines.slice(0, window.line).reduce((sum, line) => sum + line.length, 0);
  const total = corpus.lines.reduce((sum, line) => sum + line.length, 0);
  const first = Math.max(0, window.place - REACH);
  const line = (ahead: number) => {
    const next = (window.line + ahead + corpus.lines.length) % corpus.lines.length;
    onMove(corpus.lines.slice(0, next).reduce((sum, each) => sum + each.length, 0));
  };
  const drawn = new Set(beginning.negatives);
  const most = Math.max(...noise);
  return (
    <section class="lab-corpus" aria-label={t({ en: "The text", zh: "文本" })}>
      <div class="lab-strip">
        <button type="button" aria-label={t({ en: "Previous line", zh: "上一行" })} onClick={() => line(-1)}>
          ‹
        </button>
        <ol>
          {first > 0 && <li>…</li>}
          {words.slice(first, window.place + REACH + 1).map((word, index) => {
            const place = first + index;
            const context = window.context.indexOf(place);
            const role = place === window.place ? "centre" : context >= 0 ? "context" : "outside";
            return (
              <li>
                <button
                  type="button"
                  class={`lab-token lab-${role} ${context >= 0 && context === window.input ? "lab-followed" : ""}`}
                  aria-current={role === "centre" ? "true" : undefined}
                  aria-label={t({
                    en: `${word}${role === "centre" ? ", the centre" : role === "context" ? ", context" : ""}`,
                    zh: `${word}${role === "centre" ? "，中心詞" : role === "context" ? "，上下文詞" : ""}`,
                  })}
                  onClick={() => onMove(start + place)}
                >
                  {readableWord(word)}
                </button>
              </li>
            );
          })}
          {window.place + REACH + 1 < words.length && <li>…</li>}
        </ol>
        <button type="button" aria-label={t({ en: "Next line", zh: "下一行" })} onClick={() => line(1)}>
          ›
        </button>
        <span class="lab-hint">
          {t({
            en: `line ${window.line + 1} of ${corpus.lines.length} · word ${corpus.at + 1} of ${total} · pass ${corpus.passes + 1}`,
            zh: `第 ${window.line + 1} 行，共 ${corpus.lines.length} 行 · 第 ${corpus.at + 1} 詞，共 ${total} 詞 · 第 ${corpus.passes + 1} 遍`,
          })}
        </span>
      </div>
      <p class="lab-hint">
        {t({
          en: "In the box is the centre, the word to predict; its context is underlined. Choose another word to move the window there.",
          zh: "框起來的是中心詞，也就是要預測的詞；加底線的是上下文。點另一個詞，視窗就移到那裡。",
        })}
      </p>
      {beginning.state.output_layer === "negative-sampling" && (
        <p class="lab-urn">
          <span class="lab-hint">{t({ en: "Noise is drawn from (∝ count^¾):", zh: "雜訊詞被抽中的機率（∝ 次數^¾）：" })}</span>
          {corpus.words.slice(0, MOST_IN_URN).map((word, row) => (
            <span
              class={drawn.has(word) ? "lab-drawn" : ""}
              style={{ fontSize: `${(0.75 + (0.6 * noise[row]!) / most).toFixed(2)}rem` }}
              title={readable(noise[row]!)}
            >
              {readableWord(word)}
            </span>
          ))}
          {corpus.words.length > MOST_IN_URN && <span>…</span>}
        </p>
      )}
    </section>
  );
}
