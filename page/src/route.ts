import { useSyncExternalStore } from "preact/compat";

/** The view and its parameters, as in `#explorer?word=cat`: every view is a link. */
export interface Route {
  view: string;
  parameters: URLSearchParams;
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(
    (listener) => {
      addEventListener("hashchange", listener);
      return () => removeEventListener("hashchange", listener);
    },
    () => location.hash,
  );
  const [view = "", query = ""] = hash.slice(1).split("?", 2);
  return { view, parameters: new URLSearchParams(query) };
}

/** Goes to a view; with `replace`, without a new entry in the browser's history. */
export function goTo(view: string, parameters: Record<string, string> = {}, replace = false): void {
  const query = new URLSearchParams(parameters).toString();
  const hash = `#${view}${query && `?${query}`}`;
  if (!replace) location.hash = hash;
  else {
    history.replaceState(null, "", hash);
    dispatchEvent(new HashChangeEvent("hashchange"));
  }
}
