import { inLanguage, type Text } from "./i18n";

/** A request without an answer: why, in one line of the page's language, and its HTTP status; 0 where none came. */
export class Failure extends Error {
  constructor(
    private readonly text: Text,
    readonly status: number,
  ) {
    super();
  }

  /** In the language that the page has when it is read. */
  override get message(): string {
    return inLanguage(this.text);
  }

  /** Whether the same request may succeed later: no answer, too many calls, or a failure of the server's own. */
  get passes(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export const SILENT = { en: "wordkin does not answer.", zh: "wordkin 沒有回應。" };
