import type { Text } from "../i18n";
import { raised } from "./numbers";

/**
 * The quantities of the derivation, by their keys: `y` is that of the pair which is shown, `y@2` that of the window's
 * third pair, `v.0` the first component of v. A key without a component stands for the whole vector.
 */

interface Quantity {
  symbol: string;
  meaning: Text;
  from: readonly string[];
}

const QUANTITIES: Record<string, Quantity> = {
  in: { symbol: "v", meaning: { en: "the vector of an input word: its row of V", zh: "一個輸入詞的向量：V 中它的那一列" }, from: [] },
  v: {
    symbol: "v",
    meaning: { en: "the hidden layer: what the input picks from V", zh: "隱藏層：輸入從 V 選出的向量" },
    from: ["in"],
  },
  w: { symbol: "w", meaning: { en: "the weights of the output neuron: a row of W", zh: "輸出神經元的權重：W 的一列" }, from: [] },
  t: { symbol: "t", meaning: { en: "the label: what y should be", zh: "標籤：y 應有的值" }, from: [] },
  eta: { symbol: "η", meaning: { en: "the learning rate", zh: "學習率" }, from: [] },
  x: { symbol: "x", meaning: { en: "the score", zh: "得分" }, from: ["v", "w"] },
  y: { symbol: "y", meaning: { en: "the prediction", zh: "預測" }, from: ["x"] },
  J: { symbol: "J", meaning: { en: "the loss of the pair", zh: "這一對的損失" }, from: ["y", "t"] },
  J_all: { symbol: "J", meaning: { en: "the loss of the window", zh: "整個視窗的損失" }, from: ["J"] },
  dJ_dy: { symbol: "∂J/∂y", meaning: { en: "the first factor", zh: "第一個因子" }, from: ["y"] },
  dy_dx: { symbol: "∂y/∂x", meaning: { en: "the second factor, σ′", zh: "第二個因子，即 σ′" }, from: ["y"] },
  dJ_dx: { symbol: "∂J/∂x", meaning: { en: "the error, y − t", zh: "誤差 y − t" }, from: ["dJ_dy", "dy_dx"] },
  dJ_dv: { symbol: "∂J/∂v", meaning: { en: "the gradient of v", zh: "v 的梯度" }, from: ["dJ_dx", "w"] },
  dJ_dw: { symbol: "∂J/∂w", meaning: { en: "the gradient of w", zh: "w 的梯度" }, from: ["dJ_dx", "v"] },
  in_after: { symbol: "v′", meaning: { en: "the input vector after the step", zh: "更新後的輸入向量" }, from: ["in", "eta", "dJ_dv"] },
  w_after: { symbol: "w′", meaning: { en: "the output vector after the step", zh: "更新後的輸出向量" }, from: ["w", "eta", "dJ_dw"] },
  J_after: { symbol: "J′", meaning: { en: "the loss of the pair after its step", zh: "更新後這一對的損失" }, from: ["in_after", "w_after"] },
  sum: { symbol: "∂J/∂v", meaning: { en: "the gradient of v, of the whole window", zh: "整個視窗對 v 的梯度" }, from: ["dJ_dx", "w"] },
  J_all_after: { symbol: "J′", meaning: { en: "the loss of the window after its step", zh: "更新後整個視窗的損失" }, from: ["sum"] },
};

function split(key: string): { base: string; components: string[]; pair: string } {
  const [path = "", pair = ""] = key.split("@");
  const [base = "", ...components] = path.split(".");
  return { base, components, pair };
}

const LOWERED = [..."₀₁₂₃₄₅₆₇₈₉"];
const lowered = (text: string) => [...text].map((digit) => LOWERED[Number(digit)]).join("");
const next = (index: string) => lowered(String(Number(index) + 1));

/**
 * The symbol of a quantity, as in (∂J/∂v)₂. A number in brackets says of which input word or pair it is: v⁽¹⁾₂ is the
 * second number of the first input word's vector, and y⁽³⁾ the prediction of the window's third pair.
 */
export function label(key: string): string {
  const { base, components, pair } = split(key);
  const { symbol } = QUANTITIES[base]!;
  const [input, component] = INPUTS.has(base) ? components : [pair || undefined, ...components];
  const which = input === undefined ? "" : `⁽${input === "*" ? "ⁱ" : raised(Number(input) + 1)}⁾`;
  const suffix = which + (component === undefined ? "" : next(component));
  return suffix && symbol.includes("/") ? `(${symbol})${suffix}` : symbol + suffix;
}

const INPUTS = new Set(["in", "in_after"]);

export const meaning = (key: string): Text => QUANTITIES[split(key).base]!.meaning;

/**
 * The quantities from which one is computed. A component of a vector comes from the same component; v comes from all
 * inputs, which `*` stands for.
 */
export function origins(key: string): string[] {
  const { base, components, pair } = split(key);
  const [input, component] = INPUTS.has(base) ? components : ["*", ...components];
  return QUANTITIES[base]!.from.map((origin) => {
    const path = [
      origin,
      ...(INPUTS.has(origin) && input !== undefined ? [input] : []),
      ...(VECTORS.has(origin) && component !== undefined ? [component] : []),
    ];
    return path.join(".") + (pair && !SHARED.has(origin) ? `@${pair}` : "");
  });
}

const VECTORS = new Set(["in", "v", "w", "dJ_dv", "dJ_dw"]);
const SHARED = new Set(["in", "v", "eta"]);

/** Whether two keys are of one quantity: of a vector and of its component, too. */
export function same(a: string, b: string): boolean {
  const [one, other] = [split(a), split(b)];
  const [p, q] = [one, other].map(({ base, components }) => [base, ...components]) as [string[], string[]];
  const both = p.slice(0, q.length);
  return one.pair === other.pair && both.every((part, place) => [part, "*"].includes(q[place]!) || part === "*");
}
