import { useEffect, useState } from "preact/hooks";
import { Failure } from "./api";

/** What keeps a page from being up to date: the failure, and in how many seconds it asks again; null where it does not. */
export interface Trouble {
  failure: Error;
  retryIn: number | null;
}

const FIRST_RETRY = 1; // seconds
const LONGEST_RETRY = 30;

/**
 * Asks again and again until `ask` says that there is no more to come.
 *
 * A request that gets no answer, or one that says to try later, is repeated after 1, 2, 4 … at most 30 seconds, and at
 * once when the browser is back online or its page is shown again.
 */
export function usePolling(
  ask: (signal: AbortSignal) => Promise<boolean>,
  every: number,
  dependencies: readonly unknown[],
): Trouble | null {
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  useEffect(() => {
    let timer: number | undefined;
    let retryIn = FIRST_RETRY;
    let waiting = false; // for a retry
    const stop = new AbortController();
    const attempt = async () => {
      waiting = false;
      try {
        const more = await ask(stop.signal);
        if (stop.signal.aborted) return;
        retryIn = FIRST_RETRY;
        setTrouble(null);
        if (more) timer = window.setTimeout(attempt, every);
      } catch (error) {
        if (stop.signal.aborted) return;
        const failure = error as Error;
        const final = failure instanceof Failure && !failure.passes;
        setTrouble({ failure, retryIn: final ? null : retryIn });
        if (final) return;
        waiting = true;
        timer = window.setTimeout(attempt, 1000 * retryIn);
        retryIn = Math.min(2 * retryIn, LONGEST_RETRY);
      }
    };
    const now = () => {
      if (!waiting || document.visibilityState === "hidden") return;
      clearTimeout(timer);
      void attempt();
    };
    window.addEventListener("online", now);
    document.addEventListener("visibilitychange", now);
    void attempt();
    return () => {
      stop.abort();
      clearTimeout(timer);
      window.removeEventListener("online", now);
      document.removeEventListener("visibilitychange", now);
    };
  }, dependencies);
  return trouble;
}
