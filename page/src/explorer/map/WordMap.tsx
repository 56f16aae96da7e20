import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLanguage } from "../../i18n";
import { readableWord } from "../../words";
import { resolved } from "../../plot";
import { colourOf, type Groups } from "../useGroups";
import { contours as contoursOf } from "./contours";
import { FONT, HEADING_FONT, Labels, shortened, type Heading, type Label } from "./labels";
import { CONTOUR_FILL, CONTOUR_LINE, png, save, svg, type Colours } from "./picture";
import { inside, onCanvas, view, type Camera, type Points, type Size } from "./points";
import { Scene, type Tints } from "./scene";
import type { Words } from "./words";

/** From a place on the map to another: x and y of both. */
export type Path = readonly [number, number, number, number];

interface Given {
  /** What it shows, where there are several maps. */
  name?: string;
  /** Whether its buttons are there. */
  tools?: boolean;
  words: Words;
  points: Points;
  /** The chosen word and the words to mark with it. */
  chosen: number | null;
  marked: readonly number[];
  /** From which word to which a thin line goes, or an arrow points. */
  lines: readonly (readonly [number, number])[];
  arrows: readonly (readonly [number, number])[];
  /** Arrows that do not go from word to word of this map. */
  paths?: readonly Path[];
  /** By what the points are coloured, and the group that stands out; null for none. */
  groups: Groups | null;
  only: number | null;
  /** Whether contours of the density lie over the points. */
  contours: boolean;
  onContours: (contours: boolean) => void;
  /** Where to look; null for everything. */
  camera: Camera | null;
  /** Where it looks, at each movement, and once it stands still. */
  onMoving?: (camera: Camera) => void;
  onCamera: (camera: Camera) => void;
  onChoose: (row: number) => void;
  onList: (rows: number[]) => void;
}

const REACH = 14; // pixels from the pointer to a word
const STEP = 60; // pixels of an arrow key
const STILL = 5; // pixels that a click may move
const VEILED = 0.4; // the share of the points' opacity under contours
const FADED = 20; // of 255, the share of a point's opacity beside the group that stands out
const CENTRE_WORDS = 1000; // the most frequent words of a group, whose middle has its name
const PAUSE = 120; // milliseconds without movement until the rest of the points is drawn

export function WordMap({ name, tools = true, words, camera: wanted, ...shown }: Given) {
  const { points, contours, onContours, onList } = shown;
  const { t } = useLanguage();
  const plot = useRef<HTMLCanvasElement>(null);
  const cover = useRef<HTMLCanvasElement>(null);
  const shownWindow = useRef<MapWindow | null>(null);
  const [missing, setMissing] = useState(false);
  const [lasso, setLasso] = useState(false);
  const [hovered, setHovered] = useState<number | null>(null);

  // Before the page is painted, as is the end of it: a frame that came between would draw on what has left the page.
  useLayoutEffect(() => {
    const scene = Scene.on(plot.current!);
    if (!scene) {
      setMissing(true);
      return;
    }
    const made = new MapWindow(words, scene, plot.current!, cover.current!);
    shownWindow.current = made;
    return () => made.close();
  }, []);

  useLayoutEffect(() => {
    shownWindow.current?.show({ ...shown, lasso, onHover: setHovered });
  });
  useLayoutEffect(() => shownWindow.current?.look(wanted), [points, wanted?.x, wanted?.y, wanted?.scale]);

  if (missing)
    return (
      <p role="alert">
        {t({
          en: "The map needs WebGL 2, which this browser does not offer here. All else on this page works without it.",
          zh: "地圖需要 WebGL 2，而這個瀏覽器目前不支援。本頁的其他功能不受影響。",
        })}
      </p>
    );
  const act = (change: (made: MapWindow) => void) => () => shownWindow.current && change(shownWindow.current);
  return (
    <div class="explorer-map">
      {tools && (
      <div class="explorer-tools">
        <button onClick={act((made) => made.zoom(1.5))} aria-label={t({ en: "Zoom in", zh: "放大" })}>
          +
        </button>
        <button onClick={act((made) => made.zoom(1 / 1.5))} aria-label={t({ en: "Zoom out", zh: "縮小" })}>
          −
        </button>
        <button onClick={act((made) => made.move(null))}>{t({ en: "Everything", zh: "全部" })}</button>
        <button
          aria-pressed={contours}
          title={t({ en: "Each contour: twice the density of words of the one around it", zh: "每條等高線的詞密度是外面一條的兩倍" })}
          onClick={() => onContours(!contours)}
        >
          {t({ en: "Contours", zh: "等高線" })}
        </button>
        <button aria-pressed={lasso} onClick={() => setLasso(!lasso)}>
          {t({ en: "Lasso", zh: "套索" })}
        </button>
        <button onClick={act((made) => onList(made.rowsInView()))}>{t({ en: "List what is in view", zh: "列出畫面內的詞" })}</button>
        <button onClick={act((made) => void made.savePng())}>PNG</button>
        <button onClick={act((made) => made.saveSvg())}>SVG</button>
      </div>
      )}
      <div class="explorer-canvases">
        <canvas ref={plot} class="explorer-plot" />
        <canvas
          ref={cover}
          class="explorer-cover"
          tabIndex={0}
          role="application"
          aria-label={(name ? `${name}. ` : "") + t({
            en: "Map of all words. Arrow keys move, plus and minus zoom, 0 shows everything, Enter chooses the word nearest to the centre.",
            zh: "所有詞的地圖。方向鍵移動，加減號縮放，0 顯示全部，Enter 選取最接近中心的詞。",
          })}
        />
        {name && <span class="explorer-name">{name}</span>}
      </div>
      <p class="explorer-hovered" aria-live="polite">
        {hovered === null ? tools && t({ en: "Drag, scroll, pinch, or use arrow keys, + and −", zh: "可拖曳、捲動、雙指縮放，或用方向鍵與 + −" }) : readableWord(words.at(hovered))}
      </p>
    </div>
  );
}

interface Shown extends Omit<Given, "name" | "tools" | "words" | "camera"> {
  lasso: boolean;
  onHover: (row: number | null) => void;
}

/** The window over the map: what it shows, and how pointers and keys move it. */
class MapWindow {
  private shown!: Shown;
  private camera: Camera = { x: 0, y: 0, scale: 1 };
  private size: Size = { width: 1, height: 1 };
  private ratio = 1;
  private frame = 0;
  private framed = 0; // when the last frame was, in milliseconds
  private moved = 0; // when the points were last begun anew
  private stale: "nothing" | "cover" | "all" = "nothing";
  private partial = false;
  private drew = false;
  private told = 0;
  private labels: Label[] = [];
  private headings: Heading[] = [];
  private shownHeadings: Heading[] = [];
  private tints: Tints | null = null;
  private outline: [number, number][] = [];
  private started: { x: number; y: number } | null = null;
  private wanted: Camera | null = null;
  private hovered: number | null = null;
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private readonly context: CanvasRenderingContext2D;
  private readonly labelling: Labels;
  private readonly resizes = new ResizeObserver(() => this.resize());
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  private readonly redraw = () => {
    this.tint();
    this.ask("all");
  };

  constructor(
    words: Words,
    private readonly scene: Scene,
    private readonly plot: HTMLCanvasElement,
    private readonly cover: HTMLCanvasElement,
  ) {
    this.context = cover.getContext("2d")!;
    this.labelling = new Labels(this.context, words);
    this.resizes.observe(cover);
    this.dark.addEventListener("change", this.redraw);
    cover.addEventListener("pointerdown", (event) => this.down(event));
    cover.addEventListener("pointermove", (event) => this.drag(event));
    cover.addEventListener("pointerup", (event) => this.up(event));
    cover.addEventListener("pointercancel", (event) => this.pointers.delete(event.pointerId));
    cover.addEventListener("pointerleave", () => this.hover(null));
    cover.addEventListener("dblclick", (event) => this.zoom(2, this.at(event)));
    cover.addEventListener("keydown", (event) => this.key(event));
    cover.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  close(): void {
    this.resizes.disconnect();
    this.dark.removeEventListener("change", this.redraw);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.told);
  }

  show(shown: Shown): void {
    const before = this.shown as Shown | undefined;
    this.shown = shown;
    const samePoints = shown.points === before?.points;
    const sameTints = samePoints && shown.groups === before.groups && shown.only === before.only;
    if (!sameTints) this.tint();
    this.ask(sameTints && shown.contours === before.contours ? "cover" : "all");
  }

  /** Chooses each point's colour, and the places of the groups' names, in the colours of the theme. */
  private tint(): void {
    const { groups, only, points } = this.shown;
    this.tints = null;
    this.headings = [];
    if (!groups) return;
    const count = groups.names.length + Math.sign(groups.others);
    const paints = Array.from({ length: count }, (_, group) => resolved(this.cover, colourOf(groups, group)));
    const parts = [...paints, this.colours().point].map((paint) => paint.match(/[\d.]+/g)!.map(Number));
    const tints = new Uint8Array(4 * groups.of.length);
    const sums = paints.map(() => ({ x: 0, y: 0, words: 0 }));
    groups.of.forEach((group, row) => {
      const [red, green, blue] = parts[Math.min(group, count)]!;
      tints.set([red!, green!, blue!, only === null || only === group ? 255 : FADED], 4 * row);
      const sum = sums[group];
      if (!sum || sum.words === CENTRE_WORDS || !points.has(row)) return;
      sum.x += points.x(row);
      sum.y += points.y(row);
      sum.words++;
    });
    this.tints = tints;
    if (groups.labels)
      this.headings = sums.flatMap(({ x, y, words }, group) =>
        words && (only === null || only === group)
          ? [{ text: shortened(groups.names[group]!), x: x / words, y: y / words, colour: paints[group]! }]
          : [],
      );
  }

  /** Looks where it is told to; nothing is told back. */
  look(camera: Camera | null): void {
    if (camera && same(camera, this.camera)) return;
    this.wanted = camera;
    this.camera = camera ?? this.shown.points.whole(this.size);
    this.ask("all");
  }

  /** Goes there, and says so; null for everything. */
  move(camera: Camera | null): void {
    this.wanted = this.camera = camera ?? this.shown.points.whole(this.size);
    this.shown.onMoving?.(this.camera);
    clearTimeout(this.told);
    this.cover.dataset.moving = ""; // until the address says where
    this.told = setTimeout(() => {
      this.shown.onCamera(this.camera);
      delete this.cover.dataset.moving;
    }, 250);
    this.ask("all");
  }

  /** Zooms about a place on the canvas, or its middle. */
  zoom(factor: number, at = { x: this.size.width / 2, y: this.size.height / 2 }): void {
    const [x, y] = this.onMap(at);
    const whole = this.shown.points.whole(this.size).scale;
    const scale = Math.min(Math.max(this.camera.scale * factor, whole / 4), whole * 1e4);
    const share = 1 - this.camera.scale / scale;
    this.move({ x: this.camera.x + (x - this.camera.x) * share, y: this.camera.y + (y - this.camera.y) * share, scale });
  }

  rowsInView(): number[] {
    return this.shown.points.within(view(this.camera, this.size));
  }

  saveSvg(): void {
    const marked = new Set([this.shown.chosen ?? -1, ...this.shown.marked]);
    const { points } = this.shown;
    const picture = svg(points, this.labels, this.shownHeadings, marked, this.camera, this.size, this.colours(), this.tints, this.contours());
    save(new Blob([picture], { type: "image/svg+xml" }), "wordkin-map.svg");
  }

  async savePng(): Promise<void> {
    this.draw();
    this.scene.more(Infinity);
    const blob = await png([this.plot, this.cover], this.colours().paper);
    if (blob) save(blob, "wordkin-map.png");
  }

  private resize(): void {
    const { clientWidth: width, clientHeight: height } = this.cover;
    if (!width || !height) return;
    this.size = { width, height };
    this.ratio = devicePixelRatio;
    for (const canvas of [this.plot, this.cover]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
    if (!this.wanted) this.camera = this.shown.points.whole(this.size);
    this.stale = "all"; // a canvas of another size is empty
    this.draw();
  }

  private ask(stale: "cover" | "all"): void {
    if (this.stale !== "all") this.stale = stale;
    this.frame ||= requestAnimationFrame((now) => this.draw(now));
  }

  /** What is stale; and, once nothing has moved for a while, the points that earlier frames had no time for. */
  private draw(now = performance.now()): void {
    cancelAnimationFrame(this.frame);
    if (this.drew) this.scene.pace(now - this.framed);
    const colours = this.colours();
    if (this.stale === "all") {
      const point = colours.point.match(/[\d.]+/g)!.map(Number);
      const veil = this.shown.contours ? VEILED : 1;
      this.scene.begin(this.shown.points, this.camera, this.size, this.ratio, point, this.tints, veil);
      this.moved = now;
    }
    this.drew = this.stale === "all" || (this.partial && now - this.moved > PAUSE);
    if (this.drew) this.partial = this.scene.more();
    this.plot.setAttribute("aria-busy", String(this.partial));
    if (this.stale !== "nothing") this.drawCover(colours);
    this.stale = "nothing";
    this.framed = now;
    this.frame = this.drew || this.partial ? requestAnimationFrame((next) => this.draw(next)) : 0;
  }

  /** The contours of the density, if they are wanted; as paths of SVG. */
  private contours(): string[] {
    return this.shown.contours ? contoursOf(this.shown.points, this.camera, this.size) : [];
  }

  private drawCover(colours: Colours): void {
    const { context, size } = this;
    const { points, chosen, marked } = this.shown;
    const here = (chosen === null ? marked : [chosen, ...marked]).filter((row) => points.has(row));
    const bold = new Set(here);
    const placed = this.labelling.placed(points, this.camera, size, here, this.headings);
    [this.labels, this.shownHeadings] = [placed.labels, placed.headings];
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    context.lineWidth = 1;
    context.strokeStyle = context.fillStyle = colours.point;
    for (const path of this.contours().map((contour) => new Path2D(contour))) {
      context.globalAlpha = CONTOUR_FILL;
      context.fill(path, "evenodd");
      context.globalAlpha = CONTOUR_LINE;
      context.stroke(path);
    }
    context.strokeStyle = colours.accent;
    context.globalAlpha = 0.35;
    context.beginPath();
    for (const ends of this.shown.lines) {
      if (!ends.every((row) => points.has(row))) continue;
      const [from, to] = ends.map((row) => onCanvas(this.camera, size, points.x(row), points.y(row)));
      context.moveTo(...from!);
      context.lineTo(...to!);
    }
    context.stroke();
    context.globalAlpha = 1;
    context.lineWidth = 2;
    for (const row of here) this.ring(row, row === this.shown.chosen ? 8 : 4);
    for (const [from, to] of this.shown.arrows)
      if (points.has(from) && points.has(to)) this.arrow([points.x(from), points.y(from), points.x(to), points.y(to)]);
    const { paths = [] } = this.shown;
    if (paths.length > 1) [context.lineWidth, context.globalAlpha] = [1.25, 0.7];
    for (const path of paths) this.arrow(path);
    [context.lineWidth, context.globalAlpha] = [2, 1];
    if (this.hovered !== null) this.ring(this.hovered, 6);
    if (this.outline.length) {
      context.beginPath();
      for (const place of this.outline) context.lineTo(...onCanvas(this.camera, size, ...place));
      context.closePath();
      context.setLineDash([6, 4]);
      context.stroke();
      context.setLineDash([]);
    }
    context.textAlign = "center";
    context.lineJoin = "round";
    context.strokeStyle = colours.paper;
    context.lineWidth = 3;
    for (const { row, text, x, y } of this.labels) {
      context.font = bold.has(row) ? `bold ${FONT}` : FONT;
      context.fillStyle = bold.has(row) ? colours.accent : colours.ink;
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    }
    context.font = HEADING_FONT;
    context.lineWidth = 4;
    for (const { text, x, y, colour } of this.shownHeadings) {
      context.fillStyle = colour;
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    }
  }

  private ring(row: number, radius: number): void {
    const [x, y] = onCanvas(this.camera, this.size, this.shown.points.x(row), this.shown.points.y(row));
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.context.stroke();
  }

  private arrow([fromX, fromY, toX, toY]: Path): void {
    const { context } = this;
    const [x1, y1] = onCanvas(this.camera, this.size, fromX, fromY);
    const [x2, y2] = onCanvas(this.camera, this.size, toX, toY);
    const length = Math.hypot(x2 - x1, y2 - y1);
    if (length < 20) return; // hidden by the rings at its ends
    const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
    context.beginPath();
    context.moveTo(x1 + 8 * ux, y1 + 8 * uy);
    context.lineTo(x2 - 8 * ux, y2 - 8 * uy);
    for (const side of [-1, 1]) {
      context.moveTo(x2 - 8 * ux, y2 - 8 * uy);
      context.lineTo(x2 - 16 * ux - 5 * side * uy, y2 - 16 * uy + 5 * side * ux);
    }
    context.stroke();
  }

  /** The colours of the theme, which the canvases carry in their style, where variables are resolved. */
  private colours(): Colours {
    const { color: ink, borderTopColor: point, caretColor: accent } = getComputedStyle(this.cover);
    return { paper: getComputedStyle(this.plot).backgroundColor, ink, point, accent };
  }

  private down(event: PointerEvent): void {
    this.cover.setPointerCapture(event.pointerId);
    const at = this.at(event);
    this.pointers.set(event.pointerId, at);
    this.started = this.pointers.size === 1 ? at : null;
    this.outline = this.shown.lasso && this.pointers.size === 1 ? [this.onMap(at)] : [];
  }

  private drag(event: PointerEvent): void {
    const at = this.at(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.hover(this.nearest(at));
    const [first, second] = [...this.pointers.values()];
    this.pointers.set(event.pointerId, at);
    if (this.outline.length && !second) {
      this.outline.push(this.onMap(at));
      return this.ask("cover");
    }
    const { x, y, scale } = this.camera;
    const share = 1 / this.pointers.size;
    this.move({ x: x - ((at.x - before.x) * share) / scale, y: y + ((at.y - before.y) * share) / scale, scale });
    if (!first || !second) return;
    const [one, two] = [...this.pointers.values()] as [typeof at, typeof at];
    const middle = { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 };
    this.zoom(Math.hypot(one.x - two.x, one.y - two.y) / Math.max(1, Math.hypot(first.x - second.x, first.y - second.y)), middle);
  }

  private up(event: PointerEvent): void {
    this.pointers.delete(event.pointerId);
    const at = this.at(event);
    const still = this.started && Math.hypot(at.x - this.started.x, at.y - this.started.y) < STILL;
    if (this.outline.length > 2 && !still) this.shown.onList(inside(this.shown.points, this.outline));
    else if (still) {
      this.outline = [];
      const row = this.nearest(at);
      if (row !== null) this.shown.onChoose(row);
    }
    this.started = null;
    this.ask("cover");
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.zoom(Math.exp(-0.002 * event.deltaY * lines), this.at(event));
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { x, y, scale } = this.camera;
    const step = STEP / scale;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => this.move({ x: x - step, y, scale }),
      ArrowRight: () => this.move({ x: x + step, y, scale }),
      ArrowUp: () => this.move({ x, y: y + step, scale }),
      ArrowDown: () => this.move({ x, y: y - step, scale }),
      "+": () => this.zoom(1.5),
      "=": () => this.zoom(1.5),
      "-": () => this.zoom(1 / 1.5),
      "0": () => this.move(null),
      Enter: () => {
        const row = this.shown.points.nearest(x, y, this.size.width / 2 / scale);
        if (row !== null) this.shown.onChoose(row);
      },
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  private hover(row: number | null): void {
    if (row === this.hovered) return;
    this.hovered = row;
    this.shown.onHover(row);
  }

  private nearest({ x, y }: { x: number; y: number }): number | null {
    return this.shown.points.nearest(...this.onMap({ x, y }), REACH / this.camera.scale);
  }

  private at(event: MouseEvent): { x: number; y: number } {
    const { left, top } = this.cover.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  private onMap({ x, y }: { x: number; y: number }): [number, number] {
    const { camera, size } = this;
    return [camera.x + (x - size.width / 2) / camera.scale, camera.y - (y - size.height / 2) / camera.scale];
  }
}

/** Whether two cameras are the same once they are written in a link. */
function same(a: Camera, b: Camera): boolean {
  return written(a) === written(b);
}

export function written({ x, y, scale }: Camera): string {
  return [x, y, scale].map((value) => value.toPrecision(6)).join(",");
}

export function read(text: string | null): Camera | null {
  const [x, y, scale] = (text ?? "").split(",").map(Number);
  return Number.isFinite(x) && Number.isFinite(y) && scale! > 0 && scale! < Infinity ? { x: x!, y: y!, scale: scale! } : null;
}
