import { useLanguage } from "../i18n";
import { readable } from "../math/numbers";
import type { Path, State } from "./types";

const ROW = 62;
const COLUMN = 92;

interface Spot {
  key: string;
  name: string;
  x: number;
  y: number;
  kind: "node" | "word" | "rest";
  on: boolean;
}

/** The Huffman tree, as far as it is known: all of the example's, or a word's path with what branches off it. */
export function Tree({ paths, word, state, output }: { paths: Path[]; word: string; state: State; output: number }) {
  const { t } = useLanguage();
  const { spots, branches } = laidOut(paths, word);
  const width = Math.max(...spots.map(({ x }) => x)) + COLUMN;
  const height = Math.max(...spots.map(({ y }) => y)) + 50;
  const chosen = state.outputs[output]!.name;
  return (
    <figure class="lab-tree">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        style={{ maxWidth: `${width}px` }}
        role="img"
        aria-label={t({ en: `The Huffman path of ${word}`, zh: `「${word}」的霍夫曼路徑` })}
      >
        {branches.map(({ from, to, code, on }) => (
          <g class={on ? "lab-branch lab-branch-on" : "lab-branch"}>
            <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} />
            <text x={(from.x + to.x) / 2 + (code === 0 ? -8 : 8)} y={(from.y + to.y) / 2} text-anchor={code === 0 ? "end" : "start"}>
              {code}
            </text>
          </g>
        ))}
        {spots.map(({ name, x, y, kind, on }) => (
          <g class={`lab-spot lab-spot-${kind} ${on ? "lab-spot-on" : ""} ${name === chosen ? "lab-spot-chosen" : ""}`}>
            {kind === "node" && <circle cx={x} cy={y} r="16" />}
            <text x={x} y={kind === "node" ? y + 5 : y + 14} text-anchor="middle">
              {name}
            </text>
          </g>
        ))}
      </svg>
      <figcaption>
        {t({
          en: "At each inner node on the path t = 1 − code: 1 where it goes left, 0 where it goes right.",
          zh: "路徑上每個內部節點的 t = 1 − 編碼：往左為 1，往右為 0。",
        })}{" "}
        {state.outputs.map(({ name, label }) => (
          <span class="lab-angle">
            {name}: t = {readable(label)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function laidOut(paths: Path[], word: string) {
  const spots = new Map<string, Spot>();
  const children = new Map<string, Map<number, string>>();
  const path = paths.find((each) => each.word === word)!;
  const onPath = new Set(path.nodes);
  for (const { word: leaf, nodes, code } of paths)
    nodes.forEach((node, depth) => {
      const key = `n${node}`;
      spots.set(key, { key, name: key, x: 0, y: 24 + depth * ROW, kind: "node", on: onPath.has(node) });
      const last = depth + 1 === nodes.length;
      const child = last ? `word ${leaf}` : `n${nodes[depth + 1]}`;
      if (last) spots.set(child, { key: child, name: leaf, x: 0, y: 24 + (depth + 1) * ROW, kind: "word", on: leaf === word });
      children.set(key, (children.get(key) ?? new Map()).set(code[depth]!, child));
    });
  for (const [key, below] of children)
    for (const code of [0, 1])
      if (!below.has(code)) {
        const rest = `${key} rest`;
        spots.set(rest, { key: rest, name: "…", x: 0, y: spots.get(key)!.y + ROW, kind: "rest", on: false });
        below.set(code, rest);
      }
  let column = 0;
  const settle = (key: string): number => {
    const below = children.get(key);
    const spot = spots.get(key)!;
    spot.x = below ? (settle(below.get(0)!) + settle(below.get(1)!)) / 2 : COLUMN / 2 + COLUMN * column++;
    return spot.x;
  };
  settle(`n${path.nodes[0]}`);
  const branches = [...children].flatMap(([key, below]) =>
    [0, 1].map((code) => {
      const [from, to] = [spots.get(key)!, spots.get(below.get(code)!)!];
      return { from, to, code, on: from.on && to.on };
    }),
  );
  return { spots: [...spots.values()], branches };
}
