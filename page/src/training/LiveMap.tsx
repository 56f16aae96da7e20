import { useEffect, useRef } from "preact/hooks";
import { Labels } from "../explorer/map/labels";
import { onCanvas, Points, type Camera } from "../explorer/map/points";
import { useLanguage } from "../i18n";
import { resolved } from "../plot";

/** The most frequent words, and where each is: x and y. */
export interface Plane {
  words: string[];
  positions: [number, number][];
}

const MOVES_FOR = 400; // milliseconds from the last positions to the next

const COLOURS = ["--ink", "--accent", "--faint", "--panel"];

/** The most frequent words on a plane: they move there while they are learned. */
export function LiveMap({ plane, watched }: { plane: Plane | null; watched: readonly string[] }) {
  const { t } = useLanguage();
  const canvas = useRef<HTMLCanvasElement>(null);
  const before = useRef<[number, number][]>([]);
  const count = plane?.words.length ?? 0;
  const title = t({ en: "Map of the most frequent words", zh: "最常見的詞的地圖" });
  useEffect(() => {
    if (!plane) return;
    const element = canvas.current!;
    const context = element.getContext("2d")!;
    const points = new Points(new Float32Array(plane.positions.flat()));
    const marked = new Set(watched.map((word) => plane.words.indexOf(word)).filter((row) => row >= 0));
    const labels = new Labels(context, { at: (row) => plane.words[row]! });
    const from = before.current.length === plane.positions.length ? before.current : plane.positions;
    let frame = 0;
    /** Draws the words a share of the way from where they were to where they are. */
    const draw = (share: number) => {
      const [ink, accent, faint, panel] = COLOURS.map((name) => resolved(element, name));
      const size = { width: element.clientWidth, height: element.clientHeight };
      const camera: Camera = points.whole(size);
      element.width = size.width * devicePixelRatio;
      element.height = size.height * devicePixelRatio;
      context.scale(devicePixelRatio, devicePixelRatio);
      const at = (row: number): [number, number] => {
        const [[x1, y1], [x2, y2]] = [from[row]!, plane.positions[row]!];
        return onCanvas(camera, size, x1 + share * (x2 - x1), y1 + share * (y2 - y1));
      };
      for (let row = 0; row < count; row++) {
        context.beginPath();
        context.fillStyle = marked.has(row) ? accent! : faint!;
        context.globalAlpha = marked.has(row) ? 1 : 0.45;
        context.arc(...at(row), marked.has(row) ? 4 : 2, 0, 2 * Math.PI);
        context.fill();
      }
      context.globalAlpha = 1;
      context.textAlign = "center";
      context.lineWidth = 3;
      context.strokeStyle = panel!;
      for (const { row, text } of labels.placed(points, camera, size, [...marked]).labels) {
        const [x, y] = at(row);
        context.fillStyle = marked.has(row) ? accent! : ink!;
        context.strokeText(text, x, y - 4);
        context.fillText(text, x, y - 4);
      }
      before.current = plane.positions.map((_, row) => [0, 1].map((axis) => from[row]![axis]! + share * (plane.positions[row]![axis]! - from[row]![axis]!)) as [number, number]);
    };
    const began = performance.now();
    const still = from === plane.positions || matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (now: number) => {
      const share = still ? 1 : Math.min(1, Math.max(0, (now - began) / MOVES_FOR));
      draw(share * share * (3 - 2 * share)); // slow at both ends
      if (share < 1) frame = requestAnimationFrame(step);
    };
    step(began);
    const redraw = () => draw(1);
    const observer = new ResizeObserver(redraw);
    observer.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", redraw);
    return () => {
      scheme.removeEventListener("change", redraw);
      observer.disconnect();
      cancelAnimationFrame(frame);
    };
  }, [plane && JSON.stringify(plane.positions), watched.join(" ")]);
  return (
    <figure class="plot training-map">
      <figcaption>{title}</figcaption>
      {plane ? (
        <canvas ref={canvas} role="img" aria-label={t({ en: `${title}: ${count} words`, zh: `${title}：${count} 個詞` })} />
      ) : (
        <p>{t({ en: "It fills as soon as enough has been learned.", zh: "學到足夠的內容後，詞就會出現。" })}</p>
      )}
    </figure>
  );
}
