import { useEffect, useState } from "preact/hooks";
import { call, callForBytes } from "../api";
import { Points } from "./map/points";
import { Words } from "./map/words";

export type Method = "pca" | "umap";

export interface Layout {
  state: "none" | "running" | "done" | "cancelled" | "failed";
  stage: "loading" | "neighbours" | "layout";
  /** The share of the stage that is done; null where UMAP does not tell. */
  progress: number | null;
  /** Since the stage began. */
  seconds: number;
  words: number;
  message: string;
}

const ASK_EVERY = 700; // milliseconds

/** The words and their positions by a method; UMAP is begun, and followed until it is done. */
export function useMap(count: number, method: Method) {
  const [words, setWords] = useState<Words | null>(null);
  const [points, setPoints] = useState<Points | null>(null);
  const [layout, setLayout] = useState<Layout | null>(null);
  const [error, setError] = useState("");
  const fail = (failure: Error) => setError(failure.message);

  useEffect(() => {
    callForBytes("words").then((bytes) => setWords(new Words(bytes, count)), fail);
  }, [count]);

  useEffect(() => {
    let over = false;
    let timer = 0;
    const load = () =>
      callForBytes("plane", { method }).then((bytes) => over || setPoints(new Points(new Float32Array(bytes))), fail);
    const follow = (body: object) => {
      call<Layout>("layout", body).then((answer) => {
        if (over) return;
        setLayout(answer);
        if (answer.state === "done") void load();
        else if (answer.state === "running") timer = setTimeout(() => follow({}), ASK_EVERY);
        else if (answer.state === "failed") setError(answer.message);
      }, fail);
    };
    setError("");
    setLayout(null);
    if (method === "pca") void load();
    else follow({ action: "begin" });
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [method]);

  return { words, points, layout, error };
}
