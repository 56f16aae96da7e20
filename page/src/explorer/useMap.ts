import { useEffect, useRef, useState } from "preact/hooks";
import { call, callForBytes, Failure } from "../api";
import { usePolling } from "../poll";
import { Points } from "./map/points";
import { Words } from "./map/words";

export const METHODS = { pca: "PCA", umap: "UMAP", tsne: "t-SNE" };
export type Method = keyof typeof METHODS;

export interface Layout {
  state: "none" | "running" | "done" | "cancelled" | "failed";
  stage: "loading" | "neighbours" | "layout";
  /** The share of the stage that is done; null where the library does not tell. */
  progress: number | null;
  /** Since the stage began. */
  seconds: number;
  words: number;
  message: string;
}

const ASK_EVERY = 700; // milliseconds

/** The words and their positions by a method; UMAP and t-SNE are begun, and followed until they are done. */
export function useMap(count: number, method: Method) {
  const [words, setWords] = useState<Words | null>(null);
  const [points, setPoints] = useState<Points | null>(null);
  const [layout, setLayout] = useState<Layout | null>(null);
  const [error, setError] = useState<Error | null>(null);

  useEffect(() => {
    callForBytes("words").then((bytes) => setWords(new Words(bytes, count)), setError);
  }, [count]);

  const begun = useRef<Method>(null);
  const trouble = usePolling(
    async (signal) => {
      if (method !== "pca") {
        const answer = await call<Layout>("layout", begun.current === method ? { method } : { method, action: "begin" }, signal);
        begun.current = method;
        setLayout(answer);
        if (answer.state === "running") return true;
        if (answer.state === "failed") setError(new Failure({ en: answer.message, zh: `無法完成地圖：${answer.message}` }, 400));
        if (answer.state !== "done") return false;
      }
      const bytes = await callForBytes("plane", { method }, signal);
      setPoints(new Points(new Float32Array(bytes)));
      return false;
    },
    ASK_EVERY,
    [method],
  );
  useEffect(() => {
    begun.current = null;
    setError(null);
    setLayout(null);
  }, [method]);

  return { words, points, layout, error: error ?? trouble?.failure ?? null };
}
