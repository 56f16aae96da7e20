import { useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { readable } from "../math/numbers";
import { label } from "../math/quantities";

const TOLERANCE = 0.02; // of the number
const LEAST = 0.001;

interface Props {
  /** The quantity to predict, and its number. */
  of: string;
  value: number;
  revealed: boolean;
  onReveal: () => void;
  onForward: () => void;
}

/** Asks for a number before it is shown, and says how the guess compares with it. */
export function Guess({ of, value, revealed, onReveal, onForward }: Props) {
  const { t } = useLanguage();
  const [guess, setGuess] = useState<number>();
  const isRight = (guess: number) => Math.abs(guess - value) <= Math.max(TOLERANCE * Math.abs(value), LEAST);
  const right = guess !== undefined && isRight(guess);
  const verdict =
    guess === undefined
      ? ""
      : Number.isNaN(guess)
        ? t({ en: "That is not a number; write it as −0.46 or 0,46.", zh: "這不是數字；請寫成 −0.46 的樣子。" })
        : right
          ? t({ en: `Right: it is ${readable(value)}.`, zh: `答對了：是 ${readable(value)}。` })
          : guess > value
            ? t({ en: "Too high.", zh: "太大了。" })
            : t({ en: "Too low.", zh: "太小了。" });
  return (
    <form
      class="lab-guess"
      onSubmit={(event) => {
        event.preventDefault();
        if (revealed) return onForward();
        const typed = String(new FormData(event.currentTarget).get("guess")).trim();
        const read = typed === "" ? Number.NaN : Number(typed.replace("−", "-").replace(",", "."));
        setGuess(read);
        if (isRight(read)) onReveal();
      }}
    >
      <label>
        {t({ en: "Your prediction of ", zh: "你的預測：" })}
        <span class="math-text">{label(of)}</span>{" "}
        <input name="guess" inputMode="decimal" autocomplete="off" readOnly={revealed} />
      </label>
      <button type="submit">
        {revealed ? t({ en: "Go on", zh: "繼續" }) : t({ en: "Check", zh: "檢查" })}
      </button>
      {!revealed && (
        <button type="button" onClick={onReveal}>
          {t({ en: "Show it", zh: "顯示答案" })}
        </button>
      )}
      <output class={right ? "lab-right" : ""}>{verdict}</output>
    </form>
  );
}
