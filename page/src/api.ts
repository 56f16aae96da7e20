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

const SILENT = { en: "wordkin does not answer.", zh: "wordkin 沒有回應。" };

/** Calls `POST /api/<name>` with a JSON body; gives the JSON of the answer. */
export async function call<Answer>(name: string, body: object = {}, signal?: AbortSignal): Promise<Answer> {
  return (await answered(name, body, signal)).json() as Promise<Answer>;
}

/** The same for an answer in bytes. */
export async function callForBytes(name: string, body: object = {}, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await answered(name, body, signal)).arrayBuffer();
}

async function answered(name: string, body: object, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(`/api/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal: signal ?? null,
  }).catch((error: Error) => {
    throw error.name === "AbortError" ? error : new Failure(SILENT, 0);
  });
  if (response.ok) return response;
  const { error, chinese } = (await response.json()) as { error: string; chinese?: string };
  throw new Failure({ en: error, zh: chinese ?? `wordkin 的英文訊息：${error}` }, response.status);
}

/** What the server has to show. */
export interface Status {
  version: string;
  model: null | {
    name: string;
    words: number;
    vector_size: number;
    architecture: "skipgram" | "cbow" | null;
    output_layer: "negative-sampling" | "hierarchical-softmax" | null;
    has_output_vectors: boolean;
    learning_rate: number | null;
    examples: string[];
    /** By what its words can be coloured. */
    groupings: string[];
  };
  training: boolean;
  evaluation: boolean;
}
