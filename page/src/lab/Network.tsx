import type { ComponentChildren } from "preact";
import { useContext } from "preact/hooks";
import { useLanguage } from "../i18n";
import { Hidden } from "../math/Formula";
import { readable } from "../math/numbers";
import { label } from "../math/quantities";
import type { Phase } from "./stages";
import { type Beginning, keyOf, type Pass, type State } from "./types";
import { isWide } from "./wide";

/** The picture's width, and where its columns stand; closer together in a narrow window, where letters would be tiny. */
const WIDE = { width: 560, columns: [112, 262, 402], gap: 58 };
const NARROW = { width: 430, columns: [92, 190, 288], gap: 52 };
const RADIUS = 20;
const MOST = 5;
const THINNEST = 1;
const WIDEST = 7;

interface Neuron {
  name: string;
  value?: number;
  /** The quantity that the neuron shows. */
  of?: string;
  chosen: boolean;
  /** The input or the output of the state that the neuron is. */
  index?: number;
}

interface Link {
  from: [number, number];
  to: [number, number];
  chosen: boolean;
  active: boolean;
  /** The number of the edge, which its width shows, and the quantity that it is. */
  of?: string;
  value?: number;
  width: number;
  minus: boolean;
}

interface Props {
  beginning: Beginning;
  state: State;
  pass: Pass;
  output: number;
  /** The line of the derivation that the reader is at. */
  stage: string;
  phase: Phase;
}

/**
 * The network as in a textbook: one-hot input layer, hidden layer, output layer. Edges are as wide as their numbers:
 * forward the weights, backward the gradients.
 */
export function Network({ beginning, state, pass, output, stage, phase }: Props) {
  const { t } = useLanguage();
  const hidden = useContext(Hidden);
  const { width, columns, gap } = isWide() ? WIDE : NARROW;
  const layers = [inputLayer(beginning, state), hiddenLayer(pass), outputLayer(beginning, state, pass, output)];
  const rows = Math.max(...layers.map((layer) => layer.length));
  const height = (rows + 1) * gap + 20;
  const place = (column: number, row: number): [number, number] => [
    columns[column]!,
    24 + ((rows - layers[column]!.length) / 2 + row + 1) * gap,
  ];
  const lit = highlighted(stage);
  const whole = stage === "sum" || stage === "J_all";
  const edges = [0, 1].flatMap((column) =>
    layers[column]!.flatMap((from, i) =>
      layers[column + 1]!.map((to, j): Omit<Link, "width" | "minus"> & { size?: number } => {
        const word = column === 0 ? from : to;
        const chosen = word.chosen || (whole && word.index !== undefined);
        const active = chosen && lit[column === 0 ? "v" : "w"];
        const component = column === 0 ? j : i;
        const ends = { from: place(column, i), to: place(column + 1, j), chosen, active };
        const vector = (column === 0 ? state.inputs : state.outputs)[word.index ?? -1]?.vector;
        const value = vector?.[component];
        if (value === undefined || (column === 0 ? to : from).name === "⋮") return ends;
        const flow = active ? flowing(stage, pass, column, word.index!) : undefined;
        const size = flow?.[component] ?? value;
        const of = column === 0 ? `in.${word.index}.${component}` : keyOf(`w.${component}`, word.index!, output);
        return { ...ends, value, of, size };
      }),
    ),
  );
  const largest = Math.max(1e-12, ...edges.map(({ size }) => Math.abs(size ?? 0)));
  const links: Link[] = edges.map(({ size, ...edge }) => ({
    ...edge,
    minus: (size ?? 0) < 0,
    width: size === undefined ? THINNEST : THINNEST + ((WIDEST - THINNEST) * Math.abs(size)) / largest,
  }));
  const titles = [
    { en: "input (one-hot)", zh: "輸入層（one-hot）" },
    { en: "hidden", zh: "隱藏層" },
    { en: "output: y against t", zh: "輸出層：y 與 t" },
  ];
  return (
    <svg
      class="lab-network"
      viewBox={`0 0 ${width} ${height}`}
      role="group"
      data-links
      aria-label={t({
        en: `The layers: ${state.inputs.map(({ word }) => word).join(", ")} in, ${state.outputs[output]!.name} out`,
        zh: `各層：輸入 ${state.inputs.map(({ word }) => word).join("、")}，輸出 ${state.outputs[output]!.name}`,
      })}
    >
      <defs>
        {(["forward", "backward", "update"] as const).map((kind) => (
          <marker
            id={`lab-${kind}`}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="11"
            markerHeight="11"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path class={`lab-arrow-${kind}`} d="M0 0 L8 4 L0 8 z" />
          </marker>
        ))}
      </defs>
      {titles.map((title, column) => (
        <text class="lab-layer" x={columns[column]} y="24" text-anchor={column === 2 ? "start" : "middle"} dx={column === 2 ? -RADIUS : 0}>
          {t(title)}
        </text>
      ))}
      {[...links].sort(byWeight).map((edge) => (
        <Edge {...edge} phase={phase} />
      ))}
      {layers.map((layer, column) =>
        layer.map((neuron, row) => {
          const [x, y] = place(column, row);
          const ring = neuron.chosen && column === 2 && lit.neuron ? `lab-ring-${phase}` : "";
          const unknown = neuron.of !== undefined && hidden(neuron.of);
          const pair = column === 2 && neuron.index !== undefined ? pass.pairs[neuron.index] : undefined;
          return (
            <g data-of={neuron.of}>
              <circle class={`lab-neuron ${neuron.chosen ? "lab-chosen" : ""} ${ring}`} cx={x} cy={y} r={RADIUS} />
              {neuron.value !== undefined && (
                <text class={short(neuron.value).length > 5 ? "lab-value lab-long" : "lab-value"} x={x} y={y + 4} text-anchor="middle">
                  {!unknown && <title>{neuron.value}</title>}
                  {unknown ? "?" : short(neuron.value)}
                </text>
              )}
              {column !== 1 && (
                <text
                  class={neuron.chosen ? "lab-word lab-word-chosen" : "lab-word"}
                  x={column === 0 ? x - RADIUS - 8 : x + RADIUS + (pair ? 20 : 8)}
                  y={pair ? y - 2 : y + 5}
                  text-anchor={column === 0 ? "end" : "start"}
                >
                  <title>{neuron.name}</title>
                  {shortened(neuron.name)}
                </text>
              )}
              {pair && <Gauge x={x + RADIUS + 7} y={y} share={unknown ? undefined : pair.y} label={pair.t} />}
              {pair && (
                <text class={`lab-target lab-target-${pair.t}`} x={x + RADIUS + 20} y={y + 14}>
                  <tspan data-of={keyOf("t", neuron.index!, output)}>t = {pair.t}</tspan>
                  {(phase !== "forward" || whole) && !hidden(keyOf("dJ_dx", neuron.index!, output)) && (
                    <tspan class="lab-error" data-of={keyOf("dJ_dx", neuron.index!, output)}>
                      {" "}
                      {pair.dJ_dx < 0 ? "↑" : "↓"} {short(pair.dJ_dx)}
                    </tspan>
                  )}
                </text>
              )}
            </g>
          );
        }),
      )}
      {links.map((edge) => edge.of !== undefined && <EdgeNumber {...edge} of={edge.of} value={edge.value!} />)}
    </svg>
  );
}

/** Active edges are drawn over the others, and those with numbers over those without. */
const byWeight = (a: Link, b: Link) =>
  Number(a.active) - Number(b.active) || Number(a.of !== undefined) - Number(b.of !== undefined);

/** How much of a column is y, and a mark where t is. */
function Gauge({ x, y, share, label }: { x: number; y: number; share: number | undefined; label: 0 | 1 }) {
  const [top, height] = [y - RADIUS, 2 * RADIUS];
  const goal = label === 1 ? top : top + height;
  return (
    <g class={`lab-gauge lab-gauge-${label}`}>
      <rect class="lab-gauge-frame" x={x} y={top} width="7" height={height} />
      {share !== undefined && (
        <rect class="lab-gauge-level" x={x} y={top + height * (1 - share)} width="7" height={height * share} />
      )}
      <line class="lab-gauge-goal" x1={x - 3} x2={x + 10} y1={goal} y2={goal} />
    </g>
  );
}

function Edge({ from, to, chosen, active, of, minus, width, phase }: Link & { phase: Phase }) {
  const backwards = active && phase === "backward";
  const [[x1, y1], [x2, y2]] = backwards ? [to, from] : [from, to];
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [((x2 - x1) / length) * RADIUS, ((y2 - y1) / length) * RADIUS];
  const sign = of === undefined ? "" : minus ? "lab-edge-minus" : "lab-edge-plus";
  const kind = active ? `lab-edge-${phase}` : chosen ? "lab-edge-chosen" : "";
  return (
    <line
      class={`lab-edge ${sign} ${kind}`}
      data-of={of}
      stroke-width={width}
      stroke-dasharray={minus ? `${0.6 * width + 1} ${width + 2}` : undefined}
      x1={x1 + dx}
      y1={y1 + dy}
      x2={x2 - dx}
      y2={y2 - dy}
      marker-end={active ? `url(#lab-${phase})` : undefined}
    />
  );
}

/** The number of an edge, which is seen where one points at it; the line that one points at is wider than the edge. */
function EdgeNumber({ from, to, of, value }: Link & { of: string; value: number }): ComponentChildren {
  const [[x1, y1], [x2, y2]] = [from, to];
  const [cut, end] = [0.2, 0.8];
  return (
    <g data-of={of} class="lab-touch">
      <line
        data-of={of}
        role="img"
        tabindex={-1}
        aria-label={`${label(of)} = ${readable(value)}`}
        x1={x1 + (x2 - x1) * cut}
        y1={y1 + (y2 - y1) * cut}
        x2={x1 + (x2 - x1) * end}
        y2={y1 + (y2 - y1) * end}
      />
      <text x={(x1 + x2) / 2} y={(y1 + y2) / 2 - 4} text-anchor="middle">
        {readable(value)}
      </text>
    </g>
  );
}

/**
 * What flows through the edges of a word in the backward half: the part of the gradient that comes from there, or is
 * there to change its vector.
 */
function flowing(stage: string, pass: Pass, column: number, word: number): number[] | undefined {
  if (stage === "dJ_dw" || stage === "w") return pass.dJ_dw;
  if (stage === "dJ_dv" || /^v\d+$/.test(stage)) return pass.dJ_dv;
  if (stage === "sum") return column === 0 ? pass.window.dJ_dv : pass.window.parts[word]!;
  return undefined;
}

/** What a line of the derivation is about: the edges v, the edges w, the output neuron. */
function highlighted(stage: string): { v: boolean; w: boolean; neuron: boolean } {
  if (stage === "v" || stage === "row" || /^v\d/.test(stage)) return { v: true, w: false, neuron: false };
  if (stage === "w") return { v: false, w: true, neuron: false };
  if (stage === "sum") return { v: true, w: true, neuron: true };
  if (stage === "x" || stage === "dx_dv") return { v: stage === "dx_dv", w: true, neuron: true };
  if (stage === "dJ_dv") return { v: true, w: true, neuron: true };
  if (stage === "dJ_dw") return { v: false, w: true, neuron: true };
  return { v: false, w: false, neuron: true };
}

function inputLayer({ source, example_words, output, negatives }: Beginning, { inputs }: State): Neuron[] {
  const words = inputs.map(({ word }) => word);
  const all = source === "example" ? example_words : [...new Set([...words, output, ...negatives])].slice(0, MOST);
  const shown: Neuron[] = all.map((word) => {
    const times = words.filter((each) => each === word).length;
    const neuron = { name: word, value: times / words.length, chosen: times > 0 };
    return times ? { ...neuron, index: words.indexOf(word) } : neuron;
  });
  return source === "example" ? shown : [...shown, { name: "⋮", chosen: false }];
}

function hiddenLayer({ v }: Pass): Neuron[] {
  const shown = v.slice(0, MOST - 1).map((value, index) => ({ name: "", value, of: `v.${index}`, chosen: false }));
  return v.length > shown.length ? [...shown, { name: "⋮", chosen: false }] : shown;
}

function outputLayer({ source, example_words }: Beginning, state: State, pass: Pass, output: number): Neuron[] {
  const neuron = (name: string, index: number): Neuron => ({
    name,
    value: pass.pairs[index]!.y,
    of: keyOf("y", index, output),
    chosen: index === output,
    index,
  });
  if (source === "example" && state.output_layer === "negative-sampling")
    return example_words.map((name) => {
      const index = state.outputs[output]!.name === name ? output : state.outputs.findIndex((each) => each.name === name);
      return index < 0 ? { name, chosen: false } : neuron(name, index);
    });
  const first = Math.max(0, Math.min(output - 2, state.outputs.length - MOST));
  return state.outputs.slice(first, first + MOST).map(({ name }, index) => neuron(name, first + index));
}

/** So short that it fits into a neuron; the formulas have all digits. */
const short = (value: number) => String(+value.toPrecision(Math.abs(value) < 0.1 ? 2 : 3)).replace("-", "−");
const shortened = (word: string) => ([...word].length > 10 ? `${[...word].slice(0, 9).join("")}…` : word);
