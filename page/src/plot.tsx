import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useLanguage } from "./i18n";
import "./plot.css";

export interface Series {
  label: string;
  /** A colour of style.css, as in `--accent`. */
  color: string;
  /** What tells it apart without colour. */
  dash?: number[];
  points?: boolean;
}

interface Props {
  title: string;
  xLabel: string;
  series: Series[];
  /** x, then the values of each series; null where there is none. */
  values: uPlot.AlignedData;
}

const HEIGHT = 240;
const ZOOM = 2;
const NOWHERE = { left: -10, top: -10 }; // a cursor that reads no value

/** A line plot, of the width that there is, in the page's colours; read and zoomed by pointer, or by keys. */
export function Plot({ title, xLabel, series, values }: Props) {
  const { language, t } = useLanguage();
  const [said, setSaid] = useState("");
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const shape = JSON.stringify([language, title, xLabel, series]);
  useEffect(() => {
    const element = place.current!;
    const short = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 4 });
    const shown = (value: number | null | undefined) => (value == null ? "–" : short.format(value));
    const axis: uPlot.Axis = {
      stroke: () => resolved(element, "--ink"),
      grid: { stroke: () => resolved(element, "--line"), width: 1 },
      ticks: { stroke: () => resolved(element, "--line"), width: 1 },
      values: (_, marks) => marks.map(shown),
    };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        scales: { x: { time: false } },
        hooks: { setLegend: [readLast], setData: [readLast] },
        axes: [{ ...axis, label: xLabel, labelSize: 20 }, { ...axis, size: 64 }],
        series: [
          { label: xLabel, value: (_, value) => shown(value) },
          ...series.map(({ label, color, dash, points }) => ({
            label,
            stroke: () => resolved(element, color),
            width: 2,
            spanGaps: true,
            points: { show: points ?? false, size: 7 },
            value: (_: uPlot, value: number | null) => shown(value),
            ...(dash && { dash }),
          })),
        ],
      },
      values,
      element,
    );
    plot.current = made;
    for (const row of element.querySelectorAll(".u-legend .u-series:not(:first-child)")) switchable(row);
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const redraw = () => made.redraw(false, true);
    scheme.addEventListener("change", redraw);
    return () => {
      scheme.removeEventListener("change", redraw);
      observer.disconnect();
      made.destroy();
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(values), [values]);
  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <div
        ref={place}
        tabIndex={0}
        role="application"
        aria-label={t({
          en: `${title}. Left and right arrow keys read the values, plus and minus zoom, 0 shows everything.`,
          zh: `${title}。左右方向鍵讀取數值，加減號縮放，0 顯示全部。`,
        })}
        onBlur={() => plot.current!.setCursor(NOWHERE)}
        onKeyDown={(event) => {
          if (event.target !== event.currentTarget || event.altKey || event.ctrlKey || event.metaKey) return;
          if (!moved(plot.current!, event.key)) return;
          event.preventDefault();
          event.stopPropagation();
          setSaid([...place.current!.querySelectorAll(".u-series:not(.u-off)")].map((row) => row.textContent).join(" "));
        }}
      />
      <p class="spoken" aria-live="polite">
        {said}
      </p>
    </figure>
  );
}

/** Lets the legend have the last value of each series while the pointer reads no others. */
function readLast(plot: uPlot): void {
  if (plot.cursor.idx != null) return;
  const idxs = plot.data.map((values) => Array.from(values).findLastIndex((value) => value != null));
  if (idxs[0]! >= 0) plot.setLegend({ idxs }, false);
}

/** Does what a key asks for: whether it asks for anything. */
function moved(plot: uPlot, key: string): boolean {
  const xs = Array.from(plot.data[0]);
  const { min, max } = plot.scales.x!;
  if (!xs.length || min == null || max == null) return false;
  const [first, last] = [xs.filter((x) => x < min).length, xs.filter((x) => x <= max).length - 1];
  const at = plot.cursor.idx ?? null;
  const point = (place: number) => {
    const left = plot.valToPos(xs[Math.max(first, Math.min(place, last))]!, "x");
    plot.setCursor({ left, top: plot.over.clientHeight / 2 });
  };
  const zoom = (factor: number) => {
    const middle = at === null ? (min + max) / 2 : xs[at]!;
    const [from, to] = [middle - (middle - min) / factor, middle + (max - middle) / factor];
    plot.setScale("x", { min: Math.max(from, xs[0]!), max: Math.min(to, xs.at(-1)!) });
  };
  const moves: Record<string, () => void> = {
    ArrowLeft: () => point(at === null ? last : at - 1),
    ArrowRight: () => point(at === null ? first : at + 1),
    Home: () => point(first),
    End: () => point(last),
    "+": () => zoom(ZOOM),
    "=": () => zoom(ZOOM),
    "-": () => zoom(1 / ZOOM),
    "0": () => plot.setData(plot.data),
  };
  moves[key]?.();
  return key in moves;
}

/** Makes of a series in the legend, which a click shows or hides, a switch that keys reach. */
function switchable(row: Element): void {
  const label = row.querySelector<HTMLElement>(".u-label")!;
  const tell = () => label.setAttribute("aria-pressed", String(!row.classList.contains("u-off")));
  label.tabIndex = 0;
  label.setAttribute("role", "button");
  tell();
  new MutationObserver(tell).observe(row, { attributeFilter: ["class"] });
  label.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    label.click();
  });
}

/** A colour of style.css as a canvas understands it. */
export function resolved(element: HTMLElement, color: string): string {
  element.style.color = `var(${color})`;
  const found = getComputedStyle(element).color;
  element.style.color = "";
  return found;
}
