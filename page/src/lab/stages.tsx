import type { ComponentChildren } from "preact";
import type { Text } from "../i18n";
import { equals, factor, fraction, gap, log, minus, name, number, numbers, partial, sign, terms, vector } from "../math/Formula";
import type { Pass, State } from "./types";

export type Phase = "forward" | "backward" | "update";

/** One line of the derivation: in symbols, and with the user's numbers. */
export interface Stage {
  key: string;
  phase: Phase;
  title: Text;
  symbols: ComponentChildren;
  values: readonly ComponentChildren[];
}

const [J, t, v, w, x, y, η] = [name("J"), name("t"), vector("v"), vector("w"), name("x"), name("y"), name("η")];
const error = (
  <>
    {sign("(")}
    {y}
    {sign("−")}
    {t}
    {sign(")")}
  </>
);

/** The derivation of one pair, forward, backward, and the step. */
export function stages(state: State, pass: Pass): Stage[] {
  const positive = pass.t === 1;
  const context = state.inputs.length;
  const shared = state.architecture === "cbow" && state.cbow_gradient === "exact" ? context : 1;
  const rate = (
    <>
      {number(state.eta)}
      {shared > 1 && (
        <>
          {sign("/")}
          {number(shared)}
        </>
      )}
    </>
  );
  return [
    ...(state.architecture === "cbow" ? [mean(state, pass)] : []),
    {
      key: "x",
      phase: "forward",
      title: { en: "The score: the output neuron's sum", zh: "得分：輸出神經元的加權和" },
      symbols: [x, equals, v, sign("·"), w],
      values: [...terms(pass.v, pass.w), equals, number(pass.x)],
    },
    {
      key: "y",
      phase: "forward",
      title: { en: "The prediction: σ brings it between 0 and 1", zh: "預測：σ 把它壓到 0 與 1 之間" },
      symbols: [y, equals, name("σ"), sign("("), x, sign(")"), equals, sigmoid(x)],
      values: [sigmoid(factor(pass.x)), equals, number(pass.y)],
    },
    {
      key: "J",
      phase: "forward",
      title: positive
        ? { en: "The loss of a positive example (t = 1)", zh: "正例（t = 1）的損失" }
        : { en: "The loss of a negative example (t = 0)", zh: "負例（t = 0）的損失" },
      symbols: positive
        ? [J, equals, sign("−"), log, y]
        : [J, equals, sign("−"), log, sign("("), number(1), sign("−"), y, sign(")")],
      values: positive
        ? [sign("−"), log, number(pass.y), equals, number(pass.J)]
        : [sign("−"), log, sign("("), number(1), sign("−"), number(pass.y), sign(")"), equals, number(pass.J)],
    },
    {
      key: "dJ_dy",
      phase: "backward",
      title: { en: "How the loss depends on the prediction", zh: "損失隨預測的變化" },
      symbols: [
        partial(J, y),
        equals,
        positive ? [sign("−"), fraction(number(1), y)] : fraction(number(1), [number(1), sign("−"), y]),
      ],
      values: [
        positive
          ? [sign("−"), fraction(number(1), number(pass.y))]
          : fraction(number(1), [number(1), sign("−"), number(pass.y)]),
        equals,
        number(pass.dJ_dy),
      ],
    },
    {
      key: "dy_dx",
      phase: "backward",
      title: { en: "How the prediction depends on the score", zh: "預測隨得分的變化" },
      symbols: [partial(y, x), equals, y, sign("("), number(1), sign("−"), y, sign(")")],
      values: [
        number(pass.y),
        sign("×"),
        sign("("),
        number(1),
        sign("−"),
        number(pass.y),
        sign(")"),
        equals,
        number(pass.dy_dx),
      ],
    },
    {
      key: "dJ_dx",
      phase: "backward",
      title: { en: "Their product is the error, y − t", zh: "兩者之積就是誤差 y − t" },
      symbols: [partial(J, x), equals, partial(J, y), sign("·"), partial(y, x), equals, y, sign("−"), t],
      values: [
        factor(pass.dJ_dy),
        sign("×"),
        number(pass.dy_dx),
        equals,
        number(pass.y),
        sign("−"),
        number(pass.t),
        equals,
        number(pass.dJ_dx),
      ],
    },
    {
      key: "dx_dv",
      phase: "backward",
      title: { en: "How the score depends on the two vectors", zh: "得分隨兩個向量的變化" },
      symbols: [partial(x, v), equals, w, sign(","), gap, partial(x, w), equals, v],
      values: [w, sign("="), numbers(pass.w), sign(","), gap, v, sign("="), numbers(pass.v)],
    },
    {
      key: "dJ_dv",
      phase: "backward",
      title: { en: "The gradient of the input vector", zh: "輸入向量的梯度" },
      symbols: [partial(J, v), equals, partial(J, x), sign("·"), partial(x, v), equals, error, w],
      values: [factor(pass.dJ_dx), sign("×"), numbers(pass.w), equals, numbers(pass.dJ_dv)],
    },
    {
      key: "dJ_dw",
      phase: "backward",
      title: { en: "The gradient of the output vector", zh: "輸出向量的梯度" },
      symbols: [partial(J, w), equals, partial(J, x), sign("·"), partial(x, w), equals, error, v],
      values: [factor(pass.dJ_dx), sign("×"), numbers(pass.v), equals, numbers(pass.dJ_dw)],
    },
    ...state.inputs.map(({ word, vector: before }, index) => ({
      key: `v${index}`,
      phase: "update" as const,
      title: { en: `The step: the input vector of ${word}`, zh: `更新：「${word}」的輸入向量` },
      symbols: [
        indexed(context > 1 ? index + 1 : undefined),
        sign("←"),
        indexed(context > 1 ? index + 1 : undefined),
        sign("−"),
        shared > 1 ? fraction(η, number(shared)) : η,
        partial(J, v),
      ],
      values: [
        numbers(before),
        minus,
        rate,
        sign("×"),
        numbers(pass.dJ_dv),
        equals,
        numbers(pass.inputs_after[index]!),
      ],
    })),
    {
      key: "w",
      phase: "update",
      title: { en: "The step: the output vector", zh: "更新：輸出向量" },
      symbols: [w, sign("←"), w, sign("−"), η, partial(J, w)],
      values: [numbers(pass.w), minus, number(state.eta), sign("×"), numbers(pass.dJ_dw), equals, numbers(pass.w_after)],
    },
    {
      key: "J_after",
      phase: "update",
      title: { en: "The loss of this pair after the step", zh: "更新之後，這一對的損失" },
      symbols: [J, sign("→"), indexedLoss],
      values: [number(pass.J), sign("→"), number(pass.J_after)],
    },
  ];
}

const indexedLoss = (
  <msup>
    {J}
    {sign("′")}
  </msup>
);

const sigmoid = (argument: ComponentChildren) =>
  fraction(number(1), [
    number(1),
    sign("+"),
    <msup>
      {name("e")}
      <mrow>
        {sign("−")}
        {argument}
      </mrow>
    </msup>,
  ]);

function mean({ inputs }: State, pass: Pass): Stage {
  return {
    key: "v",
    phase: "forward",
    title: { en: "The hidden layer: the mean of the context's vectors", zh: "隱藏層：上下文向量的平均" },
    symbols: [
      v,
      equals,
      fraction(number(1), number(inputs.length)),
      sign("("),
      inputs.map((_, index) => [index > 0 && sign("+"), indexed(index + 1)]),
      sign(")"),
    ],
    values: [numbers(pass.v)],
  };
}

const indexed = (index?: number) =>
  index === undefined ? (
    v
  ) : (
    <msub>
      {v}
      {number(index)}
    </msub>
  );
