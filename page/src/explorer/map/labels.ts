import { onCanvas, type Camera, type Points, type Size } from "./points";
import { readableWord } from "../../words";
import type { Words } from "./words";

export interface Label {
  row: number;
  text: string;
  x: number;
  y: number;
}

export const FAMILY = 'system-ui, "Noto Sans CJK TC", "PingFang TC", "Microsoft JhengHei", sans-serif'; // as in style.css
export const FONT = `12px ${FAMILY}`;
const HEIGHT = 16;
const MOST_LABELS = 150;
const MOST_TRIED = 20_000;
const CELL = 8;
const LONGEST = 32; // characters

/** A group's name at the middle of its words. */
export interface Heading {
  text: string;
  x: number;
  y: number;
  /** As CSS has it. */
  colour: string;
}

export const HEADING_FONT = `bold 15px ${FAMILY}`;
const HEADING_HEIGHT = 20;
const NUDGES = [0, 1, -1, 2, -2].map((lines) => lines * HEADING_HEIGHT);

/** Labels that do not overlap, of the most frequent words in view; `first` before all others. */
export class Labels {
  private readonly texts = new Map<number, { text: string; width: number }>();

  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly words: Pick<Words, "at">,
  ) {}

  /** The labels of `first`, then the headings that find room, then other labels: where they are on the canvas. */
  placed(points: Points, camera: Camera, size: Size, first: readonly number[], headings: readonly Heading[] = []) {
    const columns = Math.ceil(size.width / CELL);
    const taken = new Uint8Array(columns * Math.ceil(size.height / CELL));
    const labels: Label[] = [];
    let tried = 0;

    /** Takes the cells of a text whose foot is at a place, unless one is taken or outside. */
    const take = (x: number, y: number, width: number, height: number): boolean => {
      const [left, right] = [Math.floor((x - width / 2 - 3) / CELL), Math.floor((x + width / 2 + 3) / CELL)];
      const [top, bottom] = [Math.floor((y - height) / CELL), Math.floor(y / CELL)];
      if (left < 0 || right >= columns || top < 0 || y >= size.height) return false;
      for (let line = top; line <= bottom; line++)
        for (let column = left; column <= right; column++) if (taken[line * columns + column]) return false;
      for (let line = top; line <= bottom; line++) taken.fill(1, line * columns + left, line * columns + right + 1);
      return true;
    };

    const attempt = (row: number) => {
      const [x, y] = onCanvas(camera, size, points.x(row), points.y(row));
      if (!(x >= 0 && x < size.width && y >= HEIGHT && y < size.height)) return;
      tried++;
      if (taken[Math.floor(y / CELL) * columns + Math.floor(x / CELL)]) return;
      const { text, width } = this.text(row);
      if (take(x, y, width, HEIGHT)) labels.push({ row, text, x, y: y - 4 });
    };

    for (const row of first) attempt(row);
    const shown: Heading[] = [];
    this.context.font = HEADING_FONT;
    for (const heading of headings) {
      const [x, middle] = onCanvas(camera, size, heading.x, heading.y);
      const { width } = this.context.measureText(heading.text);
      const nudge = NUDGES.find((nudge) => take(x, middle + nudge, width, HEADING_HEIGHT));
      if (nudge !== undefined) shown.push({ ...heading, x, y: middle + nudge - 4 });
    }
    for (let row = 0; row < points.count && labels.length < MOST_LABELS && tried < MOST_TRIED; row++) attempt(row);
    return { labels, headings: shown };
  }

  private text(row: number): { text: string; width: number } {
    let found = this.texts.get(row);
    if (!found) {
      const text = shortened(this.words.at(row));
      this.context.font = FONT;
      found = { text, width: this.context.measureText(text).width };
      this.texts.set(row, found);
    }
    return found;
  }
}

export function shortened(text: string): string {
  const characters = [...readableWord(text)];
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST).join("")}…` : characters.join("");
}
