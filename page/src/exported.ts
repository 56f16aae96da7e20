import { Words } from "./explorer/map/words";
import { Failure, SILENT } from "./failure";

/** Where an exported page has its model, as `data/`; null for a page with a server behind it. */
export const folder = document.querySelector<HTMLMetaElement>('meta[name="wordkin-data"]')?.content ?? null;

const FULL = 32767; // the integer for 1, as in export.py

type Body = Record<string, unknown>;
type Scored = { word: string; row: number; score: number };

async function read(name: string): Promise<Response> {
  const response = await fetch(`${folder}${name}`).catch(() => null);
  if (!response?.ok) throw new Failure(SILENT, 0);
  return response;
}
const bytes = async (name: string) => (await read(name)).arrayBuffer();
const json = async (name: string) => (await read(name)).json();

/** A model that was exported: it answers in the browser what the server's explorer.py answers elsewhere. */
class Model {
  private readonly rows: ReadonlyMap<string, number>;
  private readonly list: readonly string[];
  private readonly tokens: number;

  private constructor(
    private readonly size: number,
    words: Words,
    private readonly units: Int16Array,
    private readonly norms: Float32Array,
    private readonly counts: Float64Array,
  ) {
    this.list = Array.from({ length: words.count }, (_, row) => words.at(row));
    this.rows = new Map(this.list.map((word, row) => [word, row]));
    this.tokens = counts.reduce((sum, count) => sum + count, 0);
  }

  static async load(): Promise<Model> {
    const [{ model }, words, units, norms, counts] = await Promise.all([
      json("status.json"), bytes("words"), bytes("units"), bytes("norms"), bytes("counts"),
    ]);
    return new Model(model.vector_size, new Words(words, model.words), new Int16Array(units), new Float32Array(norms), new Float64Array(counts));
  }

  complete({ prefix, ignore_case, count = 10 }: Body) {
    const fold = (word: string) => (ignore_case ? word.toLowerCase() : word);
    const wanted = fold(prefix as string);
    const words: { word: string; count: number }[] = [];
    for (let row = 0; row < this.list.length && words.length < (count as number); row++)
      if (fold(this.list[row]!).startsWith(wanted)) words.push({ word: this.list[row]!, count: this.counts[row]! });
    return { words };
  }

  /** Spellings that differ in case alone. */
  closest({ word }: Body) {
    const wanted = (word as string).toLowerCase();
    return { words: this.list.filter((each) => each.toLowerCase() === wanted).slice(0, 5) };
  }

  word({ word, count = 20 }: Body) {
    const row = this.rows.get(word as string);
    if (row === undefined) return { unknown: [word] };
    const occurs = this.counts[row]!;
    const neighbours = this.nearest(this.cosines([row], []), [row], count as number);
    return { row, count: occurs, per_million: (1e6 * occurs) / this.tokens, norm: this.norms[row]!, neighbours };
  }

  analogy({ a, b, c, method, count = 10 }: Body) {
    const unknown = this.unknown([a, b, c]);
    if (unknown.length) return { unknown };
    const [first, second, third] = this.known([a, b, c]) as [number, number, number];
    const rows = [first, second, third];
    if (method !== "3cosmul") return { answers: this.nearest(this.cosines([second, third], [first]), rows, count as number), rows };
    const [near, other, far] = [second, third, first].map((row) => this.cosines([row], []).map((cosine) => (1 + cosine) / 2));
    return { answers: this.nearest(near!.map((value, row) => (value * other![row]!) / (far![row]! + 1e-6)), rows, count as number), rows };
  }

  arithmetic({ plus = [], minus = [], count = 20 }: Body) {
    const unknown = this.unknown([...(plus as string[]), ...(minus as string[])]);
    if (unknown.length) return { unknown };
    const [added, subtracted] = [this.known(plus), this.known(minus)];
    const rows = [...added, ...subtracted];
    return { answers: this.nearest(this.cosines(added, subtracted), rows, count as number), rows };
  }

  axis({ a, b, words, count = 20 }: Body) {
    const unknown = this.unknown([a, b]);
    if (unknown.length) return { unknown };
    const [from, to] = this.known([a, b]) as [number, number];
    const length = 1 - this.cosine(from, to);
    if (length < 1e-6)
      throw new Failure({ en: "The two words point in the same direction; give others.", zh: "兩個詞方向相同；請換別的詞。" }, 400);
    const given = words as string[];
    const others = given.length ? this.known(given) : this.nearest(this.cosines([from, to], []), [from, to], count as number).map(({ row }) => row);
    const places = [...new Set([from, to, ...others])].map((row) => {
      return { word: this.list[row]!, row, place: (this.cosine(row, to) - this.cosine(row, from)) / length };
    });
    return { places, missing: this.unknown(given) };
  }

  similarities({ words }: Body) {
    const rows = [...new Set(this.known(words))];
    return {
      words: rows.map((row) => ({ word: this.list[row]!, row })),
      cosines: rows.map((one) => rows.map((other) => this.cosine(one, other))),
      missing: this.unknown(words as string[]),
    };
  }

  private unknown(words: readonly unknown[]): string[] {
    return [...new Set(words as string[])].filter((word) => !this.rows.has(word));
  }

  private known(words: unknown): number[] {
    return (words as string[]).map((word) => this.rows.get(word)).filter((row) => row !== undefined);
  }

  private cosine(one: number, other: number): number {
    let sum = 0;
    for (let axis = 0; axis < this.size; axis++) sum += this.units[one * this.size + axis]! * this.units[other * this.size + axis]!;
    return Math.max(-1, Math.min(1, sum / FULL ** 2));
  }

  /** The cosine of every word with the sum of some unit vectors less that of others. */
  private cosines(plus: readonly number[], minus: readonly number[]): Float64Array {
    const { size, units } = this;
    const direction = new Float64Array(size);
    for (const [rows, sign] of [[plus, 1], [minus, -1]] as const)
      for (const row of rows) for (let axis = 0; axis < size; axis++) direction[axis]! += sign * units[row * size + axis]!;
    const length = Math.hypot(...direction) * FULL || 1;
    return Float64Array.from(this.list, (_, row) => {
      let sum = 0;
      for (let axis = 0, at = row * size; axis < size; axis++, at++) sum += units[at]! * direction[axis]!;
      return sum / length;
    });
  }

  /** The words with the highest scores, best first, without some. */
  private nearest(scores: Float64Array, without: readonly number[], count: number): Scored[] {
    const least = scores.slice().sort()[Math.max(0, scores.length - count - without.length)]!;
    const rows: number[] = [];
    scores.forEach((score, row) => score >= least && !without.includes(row) && rows.push(row));
    rows.sort((one, other) => scores[other]! - scores[one]! || one - other);
    return rows.slice(0, count).map((row) => ({ word: this.list[row]!, row, score: scores[row]! }));
  }
}

let model: Promise<Model> | null = null;

/** Answers a call of the explorer from the folder. */
export async function answer(name: string, body: Body): Promise<unknown> {
  if (name === "status") return json("status.json");
  if (name === "words" || name === "plane") return bytes(name);
  if (name === "groups" || name === "group_of") {
    const place = (await json("status.json")).model.groupings.indexOf(body.by);
    return name === "groups" ? json(`groups-${place}.json`) : bytes(`group_of-${place}`);
  }
  const found = await (model ??= Model.load());
  return found[name as "complete" | "closest" | "word" | "analogy" | "arithmetic" | "axis" | "similarities"](body);
}
