/** A failure that the server explains in one line, with its HTTP status. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }

  /** Whether the same request may succeed later: too many calls, or a failure of the server's own. */
  get passes(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

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
  });
  if (!response.ok) throw new Failure(((await response.json()) as { error: string }).error, response.status);
  return response;
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
  };
  training: boolean;
  evaluation: boolean;
}
