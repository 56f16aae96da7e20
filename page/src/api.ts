import { answer, folder } from "./exported";
import { Failure, SILENT } from "./failure";

export { Failure };

/** Calls `POST /api/<name>` with a JSON body; gives the JSON of the answer. An exported page answers from its files. */
export async function call<Answer>(name: string, body: object = {}, signal?: AbortSignal): Promise<Answer> {
  if (folder) return (await answer(name, body as Record<string, unknown>)) as Answer;
  return (await answered(name, body, signal)).json() as Promise<Answer>;
}

/** The same for an answer in bytes. */
export async function callForBytes(name: string, body: object = {}, signal?: AbortSignal): Promise<ArrayBuffer> {
  if (folder) return (await answer(name, body as Record<string, unknown>)) as ArrayBuffer;
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
  /** Whether the page has a folder in the place of a server: then there is no lab, no UMAP and no t-SNE. */
  exported: boolean;
  /** The names of the models beside it. */
  others: string[];
}
