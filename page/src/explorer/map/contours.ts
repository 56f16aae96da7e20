import { type Camera, type Points, type Size } from "./points";

const CELL = 6; // pixels
const RADIUS = 3; // cells; three averages over them come near a normal curve of 3.5 cells
const MARGIN = 3 * RADIUS + 2; // cells outside of the window, whose words reach into it
const MOST_LEVELS = 8;
const MOST_WORDS = 100_000; // of more, evenly chosen ones are enough
const LONE = 1 / (2 * Math.PI * 3 * (((2 * RADIUS + 1) ** 2 - 1) / 12)); // the density at the place of a lone word
const FEWEST = 3; // the outermost contour is where as many words would lie on one place

/**
 * Contours of the words' density in the window, outermost first, as paths of SVG; each is of twice the density of the
 * one before. The density is that of normal curves of 21 pixels around the words: the closer one looks, the finer.
 */
export function contours(points: Points, camera: Camera, size: Size): string[] {
  const unit = CELL / camera.scale; // of the map, for a cell; the cells stay where they are on the map when it is moved
  const left = Math.floor((camera.x - size.width / 2 / camera.scale) / unit) - MARGIN;
  const top = Math.floor((-camera.y - size.height / 2 / camera.scale) / unit) - MARGIN;
  const columns = Math.ceil(size.width / CELL) + 2 * MARGIN + 1;
  const lines = Math.ceil(size.height / CELL) + 2 * MARGIN + 1;
  const density = new Float32Array(columns * lines);
  const { positions, count } = points;
  const step = Math.ceil(count / MOST_WORDS);
  for (let row = 0; row < count; row += step) {
    const [x, y] = [positions[2 * row]! / unit - left - 0.5, -positions[2 * row + 1]! / unit - top - 0.5];
    if (!(x >= 0 && y >= 0 && x < columns - 1 && y < lines - 1)) continue;
    const [column, line] = [Math.floor(x), Math.floor(y)];
    const [right, down, cell] = [x - column, y - line, line * columns + column];
    density[cell]! += (1 - right) * (1 - down);
    density[cell + 1]! += right * (1 - down);
    density[cell + columns]! += (1 - right) * down;
    density[cell + columns + 1]! += right * down;
  }
  for (let pass = 0; pass < 3; pass++) {
    for (let line = 0; line < lines; line++) average(density, line * columns, 1, columns);
    for (let column = 0; column < columns; column++) average(density, column, columns, lines);
  }
  for (let column = 0; column < columns; column++) density[column] = density[(lines - 1) * columns + column] = 0;
  for (let line = 0; line < lines; line++) density[line * columns] = density[(line + 1) * columns - 1] = 0;
  const peak = density.reduce((most, value) => Math.max(most, value), 0);
  const found: string[] = [];
  for (let level = peak / 2; level >= FEWEST * LONE && found.length < MOST_LEVELS; level /= 2) {
    const onCanvas = (x: number, y: number): string => {
      const across = size.width / 2 + ((x + 0.5 + left) * unit - camera.x) * camera.scale;
      const down = size.height / 2 + ((y + 0.5 + top) * unit + camera.y) * camera.scale;
      return `${across.toFixed(1)} ${down.toFixed(1)}`;
    };
    found.unshift(rings(density, columns, lines, level, onCanvas));
  }
  return found;
}

/** Replaces each value of a line of the grid by the mean of those around it. */
function average(values: Float32Array, begin: number, step: number, length: number): void {
  const before = new Float32Array(length);
  for (let place = 0; place < length; place++) before[place] = values[begin + place * step]!;
  let sum = 0;
  for (let place = -RADIUS; place < length; place++) {
    sum += (before[place + RADIUS] ?? 0) - (before[place - RADIUS - 1] ?? 0);
    if (place >= 0) values[begin + place * step] = Math.max(0, sum / (2 * RADIUS + 1));
  }
}

const [TOP, RIGHT, BOTTOM, LEFT] = [0, 1, 2, 3];

/** From which side of a square to which a contour goes, for each choice of corners inside: 1, 2, 4, 8 clockwise from the left top. */
const THROUGH: [number, number][][] = [
  [],
  [[LEFT, TOP]],
  [[TOP, RIGHT]],
  [[LEFT, RIGHT]],
  [[RIGHT, BOTTOM]],
  [[LEFT, TOP], [RIGHT, BOTTOM]],
  [[TOP, BOTTOM]],
  [[LEFT, BOTTOM]],
  [[BOTTOM, LEFT]],
  [[BOTTOM, TOP]],
  [[TOP, RIGHT], [BOTTOM, LEFT]],
  [[BOTTOM, RIGHT]],
  [[RIGHT, LEFT]],
  [[RIGHT, TOP]],
  [[TOP, LEFT]],
  [],
];

/** The closed lines around all that is at least as dense, by marching squares; the grid's border must be less dense. */
function rings(density: Float32Array, columns: number, lines: number, level: number, onCanvas: (x: number, y: number) => string): string {
  const next = new Int32Array(2 * columns * lines).fill(-1); // from side to side: 2 × the cell at its left top, + 1 downwards
  for (let line = 0; line < lines - 1; line++)
    for (let column = 0; column < columns - 1; column++) {
      const cell = line * columns + column;
      const corners = [cell, cell + 1, cell + columns + 1, cell + columns];
      const inside = corners.reduce((bits, corner, bit) => bits | (density[corner]! >= level ? 1 << bit : 0), 0);
      const sides = [2 * cell, 2 * (cell + 1) + 1, 2 * (cell + columns), 2 * cell + 1];
      for (const [from, to] of THROUGH[inside]!) next[sides[from]!] = sides[to]!;
    }
  const crossing = (side: number): string => {
    const cell = side >> 1;
    const other = side & 1 ? cell + columns : cell + 1;
    const share = (level - density[cell]!) / (density[other]! - density[cell]!);
    const [x, y] = [cell % columns, Math.floor(cell / columns)];
    return side & 1 ? onCanvas(x, y + share) : onCanvas(x + share, y);
  };
  const parts: string[] = [];
  for (let begin = 0; begin < next.length; begin++) {
    if (next[begin] === -1) continue;
    const ring: string[] = [];
    for (let side = begin; next[side] !== -1; ) {
      ring.push(crossing(side));
      const following = next[side]!;
      next[side] = -1;
      side = following;
    }
    parts.push(`M${ring.join("L")}Z`);
  }
  return parts.join("");
}
