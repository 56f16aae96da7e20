/** Where the window stands over the map: its centre in the map's units, and pixels of CSS per unit. */
export interface Camera {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Box {
  left: number;
  bottom: number;
  right: number;
  top: number;
}

const PER_CELL = 4;

/** The words' positions, and a grid of cells that finds those near a place. Words without a position are in no cell. */
export class Points {
  readonly count: number;
  private readonly side: number;
  private readonly begins: Uint32Array;
  private readonly rows: Uint32Array;

  /** The `box` is what the whole map shows: all points, unless it is given. */
  constructor(
    readonly positions: Float32Array,
    readonly box: Box = bounds(positions),
  ) {
    this.count = positions.length / 2;
    this.side = Math.max(1, Math.min(1024, Math.floor(Math.sqrt(this.count / PER_CELL))));
    this.begins = new Uint32Array(this.side * this.side + 1);
    this.rows = new Uint32Array(this.count);
    for (let row = 0; row < this.count; row++) if (this.has(row)) this.begins[this.cellOf(row) + 1]!++;
    for (let cell = 1; cell < this.begins.length; cell++) this.begins[cell]! += this.begins[cell - 1]!;
    const next = this.begins.slice();
    for (let row = 0; row < this.count; row++) if (this.has(row)) this.rows[next[this.cellOf(row)]!++] = row;
  }

  x(row: number): number {
    return this.positions[2 * row]!;
  }

  y(row: number): number {
    return this.positions[2 * row + 1]!;
  }

  has(row: number): boolean {
    return row < this.count && !Number.isNaN(this.x(row));
  }

  /** The rows within a box, most frequent first. */
  within({ left, bottom, right, top }: Box): number[] {
    const found: number[] = [];
    const [columnFrom, columnTo] = [this.column(left), this.column(right)];
    for (let line = this.line(bottom); line <= this.line(top); line++) {
      const from = this.begins[line * this.side + columnFrom]!;
      const to = this.begins[line * this.side + columnTo + 1]!;
      for (let place = from; place < to; place++) {
        const row = this.rows[place]!;
        const [x, y] = [this.x(row), this.y(row)];
        if (x >= left && x <= right && y >= bottom && y <= top) found.push(row);
      }
    }
    return found.sort((a, b) => a - b);
  }

  /** The row nearest to a place, no further away than `reach`. */
  nearest(x: number, y: number, reach: number): number | null {
    let best: number | null = null;
    let shortest = reach;
    for (const row of this.within({ left: x - reach, bottom: y - reach, right: x + reach, top: y + reach })) {
      const distance = Math.hypot(this.x(row) - x, this.y(row) - y);
      if (distance < shortest) [best, shortest] = [row, distance];
    }
    return best;
  }

  /** The camera that shows everything. */
  whole({ width, height }: Size): Camera {
    const { left, bottom, right, top } = this.box;
    const scale = 0.92 * Math.min(width / (right - left), height / (top - bottom));
    return { x: (left + right) / 2, y: (bottom + top) / 2, scale };
  }

  private column(x: number): number {
    return this.cell((x - this.box.left) / (this.box.right - this.box.left));
  }

  private line(y: number): number {
    return this.cell((y - this.box.bottom) / (this.box.top - this.box.bottom));
  }

  private cell(share: number): number {
    return Math.max(0, Math.min(this.side - 1, Math.floor(share * this.side)));
  }

  private cellOf(row: number): number {
    return this.line(this.y(row)) * this.side + this.column(this.x(row));
  }
}

/** The rows of points within a polygon, most frequent first. */
export function inside(points: Points, polygon: readonly (readonly [number, number])[]): number[] {
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const box = { left: Math.min(...xs), bottom: Math.min(...ys), right: Math.max(...xs), top: Math.max(...ys) };
  return points.within(box).filter((row) => {
    const [x, y] = [points.x(row), points.y(row)];
    let odd = false;
    polygon.forEach(([toX, toY], corner) => {
      const [fromX, fromY] = polygon.at(corner - 1)!;
      if (fromY > y !== toY > y && x < fromX + ((y - fromY) / (toY - fromY)) * (toX - fromX)) odd = !odd;
    });
    return odd;
  });
}

/** Where a place on the map lies on the canvas, in pixels of CSS. */
export function onCanvas(camera: Camera, { width, height }: Size, x: number, y: number): [number, number] {
  return [width / 2 + (x - camera.x) * camera.scale, height / 2 - (y - camera.y) * camera.scale];
}

export function view(camera: Camera, { width, height }: Size): Box {
  const [halfWidth, halfHeight] = [width / 2 / camera.scale, height / 2 / camera.scale];
  return {
    left: camera.x - halfWidth,
    bottom: camera.y - halfHeight,
    right: camera.x + halfWidth,
    top: camera.y + halfHeight,
  };
}

function bounds(positions: Float32Array): Box {
  let [left, bottom, right, top] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let place = 0; place < positions.length; place += 2) {
    const [x, y] = [positions[place]!, positions[place + 1]!];
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < bottom) bottom = y;
    if (y > top) top = y;
  }
  if (left > right) [left, bottom, right, top] = [0, 0, 0, 0];
  const margin = Math.max(right - left, top - bottom) * 1e-3 || 1;
  return { left: left - margin, bottom: bottom - margin, right: right + margin, top: top + margin };
}
