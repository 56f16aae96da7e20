import { useEffect, useRef } from "preact/hooks";
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

/** A line plot, of the width that there is, in the page's colours. */
export function Plot({ title, xLabel, series, values }: Props) {
  const { language } = useLanguage();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const shape = JSON.stringify([language, title, xLabel, series]);
  useEffect(() => {
    const element = place.current!;
    const short = new Intl.NumberFormat(language, { notation: "compact", maximumSignificantDigits: 4 });
    const shown = (value: number | null) => (value === null ? "–" : short.format(value));
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
      <div ref={place} />
    </figure>
  );
}

/** A colour of style.css as a canvas understands it. */
function resolved(element: HTMLElement, color: string): string {
  element.style.color = `var(${color})`;
  const found = getComputedStyle(element).color;
  element.style.color = "";
  return found;
}
