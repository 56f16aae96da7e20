import { useSyncExternalStore } from "preact/compat";

export type Language = "en" | "zh-Hant";

/** A text in both languages, written where it is used: `t({ en: "Run", zh: "執行" })`. */
export interface Text {
  en: string;
  zh: string;
}

const KEY = "wordkin-language";
const listeners = new Set<() => void>();
let language: Language =
  (localStorage.getItem(KEY) as Language | null) ?? (navigator.language.startsWith("zh") ? "zh-Hant" : "en");
document.documentElement.lang = language;

export function setLanguage(chosen: Language): void {
  language = chosen;
  localStorage.setItem(KEY, chosen);
  document.documentElement.lang = chosen;
  for (const listener of listeners) listener();
}

/** A text in the language that is chosen now. */
export const inLanguage = (text: Text): string => (language === "en" ? text.en : text.zh);

/** The chosen language, and the function that picks a text's words in it. */
export function useLanguage(): { language: Language; t: (text: Text) => string } {
  const current = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => language,
  );
  return { language: current, t: inLanguage };
}
