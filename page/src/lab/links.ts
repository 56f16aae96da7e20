import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { origins, same } from "../math/quantities";

/** The quantity that the reader points at, or has reached by keys, with its number where it has one. */
export interface Pointed {
  of: string;
  value: string | undefined;
}

const AHEAD: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const find = (within: Element, selector: string) => [...within.querySelectorAll<HTMLElement | SVGElement>(selector)];
const stops = (group: Element) => find(group, "[data-of][tabindex]").filter((each) => each.checkVisibility());

/**
 * Connects the symbols, numbers and edges of one quantity, which name it in `data-of`. All of them are marked with
 * `data-lit`, and what it is computed from with `data-origin`. In each group, marked with `data-links`, one number or
 * edge is reached by Tab; the arrow keys go to the others.
 */
export function useLinks(place: RefObject<HTMLElement | null>) {
  const [of, setOf] = useState<string>();
  const show = (target: EventTarget | null) =>
    setOf(target instanceof Element ? target.closest("[data-of]")?.getAttribute("data-of") ?? undefined : undefined);
  useLayoutEffect(() => {
    const from = of === undefined ? [] : origins(of);
    for (const element of find(place.current!, "[data-of]")) {
      const its = element.dataset["of"]!;
      const lit = of !== undefined && same(its, of);
      element.toggleAttribute("data-lit", lit);
      element.toggleAttribute("data-origin", !lit && from.some((origin) => same(its, origin)));
    }
    for (const group of find(place.current!, "[data-links]")) {
      const all = stops(group);
      const held = all.filter((each) => each.tabIndex === 0);
      if (held.length !== 1) reach(group, held[0] ?? all[0]);
    }
  });
  const value =
    of === undefined ? undefined : find(place.current!, "[title][data-of]").find((each) => each.dataset["of"] === of);
  return {
    pointed: of === undefined ? undefined : { of, value: value?.getAttribute("title") ?? undefined },
    handlers: {
      onPointerOver: (event: Event) => show(event.target),
      onPointerLeave: () => show(document.activeElement),
      onFocusIn: (event: Event) => show(event.target),
      onFocusOut: () => setOf(undefined),
      onKeyDown: (event: KeyboardEvent) => {
        const ahead = AHEAD[event.key];
        const stop = event.target as HTMLElement;
        const group = stop.dataset["of"] && stop.closest("[data-links]");
        if (!ahead || !group || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        const all = stops(group);
        const next = all[all.indexOf(stop) + ahead];
        if (!next) return;
        reach(group, next);
        next.focus();
      },
    },
  };
}

/** Makes one stop of a group that which Tab comes to. */
function reach(group: Element, stop: HTMLElement | SVGElement | undefined): void {
  for (const each of find(group, "[data-of][tabindex]")) each.setAttribute("tabindex", each === stop ? "0" : "-1");
}
