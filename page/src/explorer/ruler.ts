/** Where the words of an axis, their labels, and the lines between the two are drawn. */

export interface Place {
  word: string;
  row?: number | null;
  place: number;
}

export interface Spot {
  x: number;
  y: number;
}

export interface Label extends Place, Spot {
  width: number;
  align: "start" | "end";
  leader: Spot[];
}

export interface Laid {
  height: number;
  line: { x1: number; y1: number; x2: number; y2: number };
  /** By place. */
  labels: Label[];
  dots: (Place & Spot)[];
  at: (place: number) => Spot;
}

export const HEIGHT = 24; // pixels of a label, and of the line's own numbers
const PADDING = 10; // pixels that a button adds to its text
const LONGEST = 180;
const MARGIN = 90; // pixels beside a line from left to right, for the words at its ends
const BESIDE = 40; // pixels beside an upright line that its leaders cross
const LEVELS = 8; // on each side of the line
const MOST_UPRIGHT = 30; // labels on each side of an upright line

/** From left to right; labels stand in levels over and under the line: of so many of the first words as have room. */
export function across(places: readonly Place[], width: number, measured: (word: string) => number): Laid {
  const reach = furthest(places);
  const xOf = (place: number) => MARGIN + ((place + reach) / (2 * reach)) * (width - 2 * MARGIN);
  let kept: Flag[] | null = null;
  for (let count = places.length; !kept; count = Math.floor(0.9 * count)) kept = flags(places.slice(0, count), width, xOf, measured);
  const [above, below] = [-1, 1].map((side) => Math.max(1, ...kept.map((flag) => (flag.side === side ? flag.level : 0))));
  const y = HEIGHT * (above! + 0.5);
  const labels = kept.map(({ place, x, left, width, align, side, level }): Label => {
    const top = y + side * HEIGHT * level - (side < 0 ? HEIGHT / 4 : 0);
    return { ...place, x: left, y: top, width, align, leader: [{ x, y }, { x, y: side < 0 ? top + 4 : top + HEIGHT - 4 }] };
  });
  return {
    height: y + HEIGHT * (below! + 1.25),
    line: { x1: MARGIN / 2, y1: y, x2: width - MARGIN / 2, y2: y },
    labels: labels.sort((one, other) => one.place - other.place),
    dots: places.map((place) => ({ ...place, x: xOf(place.place), y })),
    at: (place) => ({ x: xOf(place), y }),
  };
}

interface Flag {
  place: Place;
  x: number;
  left: number;
  width: number;
  align: Label["align"];
  side: -1 | 1;
  level: number;
}

/**
 * Labels like flags on poles, which fly away from the middle word: the outer ones lowest, so that no pole crosses a
 * flag. Null where a word finds no room.
 */
function flags(places: readonly Place[], width: number, xOf: (place: number) => number, measured: (word: string) => number): Flag[] | null {
  const sides = { [-1]: levels(), 1: levels() };
  const middle = [...places].sort((one, other) => one.place - other.place)[places.length >> 1]!.place;
  const distance = ({ place }: Place) => Math.abs(place - middle);
  const found: Flag[] = [];
  for (const place of [...places].sort((one, other) => distance(other) - distance(one))) {
    const x = xOf(place.place);
    const room = Math.min(LONGEST, measured(place.word) + PADDING);
    const right = x + room <= width && (place.place >= middle || x - room < 0);
    const left = right ? x : Math.max(0, x - room);
    let flag: Flag | null = null;
    for (let level = 1; level <= LEVELS && !flag; level++)
      for (const side of found.length % 2 ? ([1, -1] as const) : ([-1, 1] as const)) {
        const here = sides[side][level - 1]!;
        const nearer = sides[side].slice(0, level - 1);
        if (here.some((other) => other.from < left + room && other.to > left)) continue;
        if (nearer.some((spans) => spans.some(({ from, to, flies }) => flies && from < x && to > x))) continue;
        for (const spans of nearer) spans.push({ from: x, to: x, flies: false });
        here.push({ from: left, to: left + room, flies: true });
        flag = { place, x, left, width: room, align: right ? "start" : "end", side, level };
        break;
      }
    if (!flag) return null;
    found.push(flag);
  }
  return found;
}

/** Downwards; labels stand on the left and on the right in turn, as close to their places as they fit. */
export function down(places: readonly Place[], width: number): Laid {
  const reach = furthest(places);
  const kept = places.slice(0, 2 * MOST_UPRIGHT).sort((one, other) => one.place - other.place);
  const height = Math.max(20, Math.ceil(kept.length / 2) + 6) * HEIGHT;
  const yOf = (place: number) => HEIGHT + ((place + reach) / (2 * reach)) * (height - 2 * HEIGHT);
  const x = width / 2;
  const room = x - BESIDE;
  const labels: Label[] = [];
  for (const side of [0, 1]) {
    const own = kept.filter((_, index) => index % 2 === side);
    const tops = apart(own.map(({ place }) => yOf(place) - HEIGHT / 2), height);
    own.forEach((place, index) => {
      const top = tops[index]!;
      const [edge, left] = side ? [width - room, width - room] : [room, 0];
      const leader = [{ x, y: yOf(place.place) }, { x: side ? x + 10 : x - 10, y: yOf(place.place) }, { x: edge, y: top + HEIGHT / 2 }];
      labels.push({ ...place, x: left, y: top, width: room, align: side ? "start" : "end", leader });
    });
  }
  return {
    height,
    line: { x1: x, y1: HEIGHT / 2, x2: x, y2: height - HEIGHT / 2 },
    labels: labels.sort((one, other) => one.place - other.place),
    dots: places.map((place) => ({ ...place, x, y: yOf(place.place) })),
    at: (place) => ({ x, y: yOf(place) }),
  };
}

/** Tops in ascending order, moved so far that none overlap and all are within the height. */
function apart(wanted: readonly number[], height: number): number[] {
  const tops = [...wanted];
  for (let place = 1; place < tops.length; place++) tops[place] = Math.max(tops[place]!, tops[place - 1]! + HEIGHT);
  let most = height - HEIGHT;
  for (let place = tops.length - 1; place >= 0; place--, most -= HEIGHT) tops[place] = Math.min(tops[place]!, most);
  return tops;
}

const furthest = (places: readonly Place[]) => Math.max(1, ...places.map(({ place }) => Math.abs(place)));
const levels = () => Array.from({ length: LEVELS }, (): { from: number; to: number; flies: boolean }[] => []);
