import { useEffect, useState } from "preact/hooks";
import { call, callForBytes } from "../api";
import { Points } from "./map/points";
import { Words } from "./map/words";

/** Words that only one model has. */
export interface Only {
  count: number;
  examples: string[];
}

/** A second model beside the first, rotated onto it. */
export interface Other {
  name: string;
  /** The words that both have. */
  shared: number;
  only: [Only, Only];
  words: Words;
  /** The row in the second model of each word of the first; −1 where it is not there. */
  rows: Int32Array;
  /** How far each word of the first moved: 1 − the cosine; NaN where one model has no vector for it. */
  distances: Float32Array;
  /** Where the words of both are, on one plane and within one frame. */
  first: Points;
  second: Points;
}

/** The model at a place among those beside the first, of `count` words; null for none, and until it is there. */
export function useOther(place: number | null, count: number): { other: Other | null; error: Error | null } {
  const [state, setState] = useState<{ other: Other | null; error: Error | null }>({ other: null, error: null });
  useEffect(() => {
    setState({ other: null, error: null });
    if (place === null) return;
    const abort = new AbortController();
    const body = { other: place };
    const ask = async () => {
      const told = await call<Pick<Other, "name" | "shared" | "only"> & { words: number }>("other", body, abort.signal);
      const words = new Words(await callForBytes("other_words", body, abort.signal), told.words);
      const bytes = await callForBytes("other_places", body, abort.signal);
      const first = new Points(new Float32Array(bytes, 8 * count, 2 * count));
      const second = new Points(new Float32Array(bytes, 16 * count, 2 * told.words), first.box);
      const other: Other = {
        ...told,
        words,
        rows: new Int32Array(bytes, 0, count),
        distances: new Float32Array(bytes, 4 * count, count),
        first,
        second,
      };
      setState({ other, error: null });
    };
    ask().catch((error: Error) => abort.signal.aborted || setState({ other: null, error }));
    return () => abort.abort();
  }, [place, count]);
  return state;
}

export type Order = "most" | "least" | "first" | "second";

/** Rows of the first model's words that both have, of its `among` most frequent ones, in an order. */
export function ordered({ rows, distances }: Other, order: Order, among: number): number[] {
  const found: number[] = [];
  for (let row = 0; row < Math.min(among, rows.length); row++) if (!Number.isNaN(distances[row]!)) found.push(row);
  if (order === "first") return found;
  const key = { most: (row: number) => -distances[row]!, least: (row: number) => distances[row]!, second: (row: number) => rows[row]! }[order];
  return found.sort((one, other) => key(one) - key(other) || one - other);
}
