import { onCanvas, type Camera, type Points, type Size } from "./points";
import type { Words } from "./words";

export interface Label {
  row: number;
  text: string;
  x: number;
  y: number;
}

export const FONT = '12px system-ui, "Noto Sans CJK TC", "PingFang TC", "Microsoft JhengHei", sans-serif';
const HEIGHT = 16;
const MOST_LABELS = 150;
const MOST_TRIED = 20_000;
const CELL = 8;
const LONGEST = 32; // characters

/** Labels that do not overlap, of the most frequent words in view; `first` before all others. */
export class Labels {
  private readonly widths = new Map<string, number>();

  constructor(private readonly context: CanvasRenderingContext2D) {}

  placed(points: Points, words: Words, camera: Camera, size: Size, first: readonly number[]): Label[] {
    const columns = Math.ceil(size.width / CELL);
    const taken = new Uint8Array(columns * Math.ceil(size.height / CELL));
    const labels: Label[] = [];
    let tried = 0;

    const attempt = (row: number) => {
      const [x, y] = onCanvas(camera, size, points.x(row), points.y(row));
      if (!(x >= 0 && x < size.width && y >= HEIGHT && y < size.height)) return;
      tried++;
      if (taken[Math.floor(y / CELL) * columns + Math.floor(x / CELL)]) return;
      const text = shortened(words.at(row));
      const half = this.width(text) / 2 + 3;
      const [left, right] = [Math.floor((x - half) / CELL), Math.floor((x + half) / CELL)];
      const [top, bottom] = [Math.floor((y - HEIGHT) / CELL), Math.floor(y / CELL)];
      if (left < 0 || right >= columns) return;
      for (let line = top; line <= bottom; line++)
        for (let column = left; column <= right; column++) if (taken[line * columns + column]) return;
      for (let line = top; line <= bottom; line++) taken.fill(1, line * columns + left, line * columns + right + 1);
      labels.push({ row, text, x, y: y - 4 });
    };

    for (const row of first) attempt(row);
    for (let row = 0; row < points.count && labels.length < MOST_LABELS && tried < MOST_TRIED; row++) attempt(row);
    return labels;
  }

  private width(text: string): number {
    let width = this.widths.get(text);
    if (width === undefined) {
      this.context.font = FONT;
      width = this.context.measureText(text).width;
      this.widths.set(text, width);
    }
    return width;
  }
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
