import { useEffect, useState } from "preact/hooks";
import { call } from "../api";

/** The answer to a call, asked again when its body changes, and what went wrong; nothing while there is no body. */
export function useAnswer<Answer>(name: string, body: object | undefined): { answer?: Answer; error: string } {
  const [found, setFound] = useState<{ asked: string; answer?: Answer; error: string }>({ asked: "", error: "" });
  const asked = body ? JSON.stringify(body) : "";
  useEffect(() => {
    if (!asked) return;
    const left = new AbortController();
    call<Answer>(name, JSON.parse(asked) as object, left.signal).then(
      (answer) => setFound({ asked, answer, error: "" }),
      (failure: Error) => failure.name !== "AbortError" && setFound({ asked, error: failure.message }),
    );
    return () => left.abort();
  }, [name, asked]);
  return asked ? found : { error: "" };
}
