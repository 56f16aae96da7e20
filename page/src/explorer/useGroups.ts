import { useEffect, useState } from "preact/hooks";
import { call, callForBytes } from "../api";

/** Groups of words by which the map is coloured. */
export interface Groups {
  names: string[];
  /** Whether they are steps of a quantity, from the smallest. */
  ordered: boolean;
  /** How many values are in one more group at the end; 0 where there is none. */
  others: number;
  /** Whether their names are labels for the map. */
  labels: boolean;
  /** The group of each word; NO_GROUP for none. */
  of: Uint8Array;
}

export const NO_GROUP = 255;

/** How many colours the style has for groups. */
export const COLOURS = 10;

/** The style's colour of a group, as in `--group-3`; steps of a quantity have a scale of their own. */
export function colourOf({ ordered, names }: Groups, group: number): string {
  if (!ordered) return `--group-${group}`;
  return `--step-${names.length < 2 ? 5 : Math.round((5 * group) / (names.length - 1))}`;
}

/** The groups by a name of the server's; null without one, and until they are there. */
export function useGroups(by: string): { groups: Groups | null; error: Error | null } {
  const [state, setState] = useState<{ groups: Groups | null; error: Error | null }>({ groups: null, error: null });
  useEffect(() => {
    setState({ groups: null, error: null });
    if (!by) return;
    const abort = new AbortController();
    const ask = async () => {
      const groups = await call<Omit<Groups, "of">>("groups", { by }, abort.signal);
      const of = new Uint8Array(await callForBytes("group_of", { by }, abort.signal));
      setState({ groups: { ...groups, of }, error: null });
    };
    ask().catch((error: Error) => abort.signal.aborted || setState({ groups: null, error }));
    return () => abort.abort();
  }, [by]);
  return state;
}
