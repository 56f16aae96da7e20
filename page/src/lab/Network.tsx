import { useLanguage } from "../i18n";
import type { Phase } from "./stages";
import type { Beginning, Pass, State } from "./types";

const WIDTH = 520;
const COLUMNS = [120, 260, 400];
const GAP = 54;
const RADIUS = 20;
const MOST = 5;

interface Neuron {
  name: string;
  value?: number;
  chosen: boolean;
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

/** The network as in a textbook: one-hot input layer, hidden layer, output layer. */
export function Network({ beginning, state, pass, output, stage, phase }: Props) {
  const { t } = useLanguage();
  const layers = [inputLayer(beginning, state), hiddenLayer(pass), outputLayer(beginning, state, pass, output)];
  const rows = Math.max(...layers.map((layer) => layer.length));
  const height = (rows + 1) * GAP + 30;
  const place = (column: number, row: number): [number, number] => [
    COLUMNS[column]!,
    30 + ((rows - layers[column]!.length) / 2 + row + 1) * GAP,
  ];
  const lit = highlighted(stage);
  const edges = [0, 1].flatMap((column) =>
    layers[column]!.flatMap((from, i) =>
      layers[column + 1]!.map((to, j) => {
        const chosen = column === 0 ? from.chosen : to.chosen;
        const active = chosen && lit[column === 0 ? "v" : "w"];
        return { key: `${column}-${i}-${j}`, from: place(column, i), to: place(column + 1, j), chosen, active };
      }),
    ),
  );
  const titles = [
    { en: "input (one-hot)", zh: "輸入層（one-hot）" },
    { en: "hidden", zh: "隱藏層" },
    { en: "output", zh: "輸出層" },
  ];
  return (
    <svg
      class="lab-network"
      viewBox={`0 0 ${WIDTH} ${height}`}
      role="img"
      aria-label={t({
        en: `The layers: ${state.inputs.map(({ word }) => word).join(", ")} in, ${state.outputs[output]!.name} out`,
        zh: `各層：輸入 ${state.inputs.map(({ word }) => word).join("、")}，輸出 ${state.outputs[output]!.name}`,
      })}
    >
      <defs>
        {(["forward", "backward", "update"] as const).map((kind) => (
          <marker id={`lab-${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path class={`lab-arrow-${kind}`} d="M0 0 L8 4 L0 8 z" />
          </marker>
        ))}
      </defs>
      {titles.map((title, column) => (
        <text class="lab-layer" x={COLUMNS[column]} y="20" text-anchor="middle">
          {t(title)}
        </text>
      ))}
      {[...edges].sort((a, b) => Number(a.active) - Number(b.active)).map((edge) => (
        <Edge {...edge} phase={phase} />
      ))}
      {layers.map((layer, column) =>
        layer.map((neuron, row) => {
          const [x, y] = place(column, row);
          const ring = neuron.chosen && column === 2 && lit.neuron ? `lab-ring-${phase}` : "";
          return (
            <g>
              <circle class={`lab-neuron ${neuron.chosen ? "lab-chosen" : ""} ${ring}`} cx={x} cy={y} r={RADIUS} />
              {neuron.value !== undefined && (
                <text class="lab-value" x={x} y={y + 4} text-anchor="middle">
                  <title>{neuron.value}</title>
                  {short(neuron.value)}
                </text>
              )}
              {column !== 1 && (
                <text
                  class={neuron.chosen ? "lab-word lab-word-chosen" : "lab-word"}
                  x={column === 0 ? x - RADIUS - 8 : x + RADIUS + 8}
                  y={y + 5}
                  text-anchor={column === 0 ? "end" : "start"}
                >
                  <title>{neuron.name}</title>
                  {shortened(neuron.name)}
                </text>
              )}
            </g>
          );
        }),
      )}
    </svg>
  );
}

function Edge(edge: { from: [number, number]; to: [number, number]; chosen: boolean; active: boolean; phase: Phase }) {
  const backwards = edge.active && edge.phase === "backward";
  const [[x1, y1], [x2, y2]] = backwards ? [edge.to, edge.from] : [edge.from, edge.to];
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [((x2 - x1) / length) * RADIUS, ((y2 - y1) / length) * RADIUS];
  const kind = edge.active ? `lab-edge-${edge.phase}` : edge.chosen ? "lab-edge-chosen" : "";
  return (
    <line
      class={`lab-edge ${kind}`}
      x1={x1 + dx}
      y1={y1 + dy}
      x2={x2 - dx}
      y2={y2 - dy}
      marker-end={edge.active ? `url(#lab-${edge.phase})` : undefined}
    />
  );
}

/** What a line of the derivation is about: the edges v, the edges w, the output neuron. */
function highlighted(stage: string): { v: boolean; w: boolean; neuron: boolean } {
  if (stage === "v" || /^v\d/.test(stage)) return { v: true, w: false, neuron: false };
  if (stage === "w") return { v: false, w: true, neuron: false };
  if (stage === "x" || stage === "dx_dv") return { v: true, w: true, neuron: true };
  if (stage === "dJ_dv") return { v: true, w: false, neuron: true };
  if (stage === "dJ_dw") return { v: false, w: true, neuron: true };
  return { v: false, w: false, neuron: true };
}

function inputLayer({ source, example_words, output, negatives }: Beginning, { inputs }: State): Neuron[] {
  const words = inputs.map(({ word }) => word);
  const all = source === "example" ? example_words : [...new Set([...words, output, ...negatives])].slice(0, MOST);
  const shown: Neuron[] = all.map((word) => {
    const times = words.filter((each) => each === word).length;
    return { name: word, value: times / words.length, chosen: times > 0 };
  });
  return source === "example" ? shown : [...shown, { name: "⋮", chosen: false }];
}

function hiddenLayer({ v }: Pass): Neuron[] {
  const shown: Neuron[] = v.slice(0, MOST - 1).map((value) => ({ name: "", value, chosen: false }));
  return v.length > shown.length ? [...shown, { name: "⋮", chosen: false }] : shown;
}

function outputLayer({ source, example_words }: Beginning, state: State, pass: Pass, output: number): Neuron[] {
  const chosen = state.outputs[output]!.name;
  if (source === "example" && state.output_layer === "negative-sampling")
    return example_words.map((name) =>
      name === chosen ? { name, value: pass.y, chosen: true } : { name, chosen: false },
    );
  const first = Math.max(0, Math.min(output - 2, state.outputs.length - MOST));
  return state.outputs
    .slice(first, first + MOST)
    .map(({ name }, index) =>
      first + index === output ? { name, value: pass.y, chosen: true } : { name, chosen: false },
    );
}

/** So short that it fits into a neuron; the formulas have all digits. */
const short = (value: number) => String(Number(value.toPrecision(value < 0.1 ? 2 : 3))).replace("-", "−");
const shortened = (word: string) => ([...word].length > 12 ? `${[...word].slice(0, 11).join("")}…` : word);
