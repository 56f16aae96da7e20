import type { ComponentChildren } from "preact";
import type { Text } from "../i18n";
import { equals, factor, fraction, gap, log, minus, name, number, numbers, partial, plus, sign, symbol, terms } from "../math/Formula";
import { type Beginning, keyOf, type Pair, type Pass, type State } from "./types";

export type Phase = "forward" | "backward" | "update";

/** One line of the derivation: in symbols, and with the user's numbers. */
export interface Stage {
  key: string;
  phase: Phase;
  title: Text;
  /** Why the line is so. */
  reason?: Text;
  /** The reason in formulas, one below the other. */
  derivation?: ComponentChildren[];
  symbols: ComponentChildren;
  values: readonly ComponentChildren[];
  /** The quantity that the line computes: of a vector, its first component. None where it only looks one up. */
  result?: { of: string; value: number };
}

const [J, v, w, x, y, η] = ["J", "v", "w", "x", "y", "η"].map((text) =>
  "vw".includes(text) ? <mi class="math-vector" data-of={text}>{text}</mi> : symbol(text === "η" ? "eta" : text, text),
);
/** The same where they are part of a derivative, which is the quantity that is pointed at. */
const [pJ, px, py] = ["J", "x", "y"].map(name);
const [pv, pw] = ["v", "w"].map((text) => <mi class="math-vector">{text}</mi>);

const oneMinus = (of: ComponentChildren) => [sign("("), number(1), sign("−"), of, sign(")")];
const error = (
  <mrow data-of="dJ_dx">
    {sign("(")}
    {name("y")}
    {sign("−")}
    {name("t")}
    {sign(")")}
  </mrow>
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

const indexed = (vector: ComponentChildren, index?: number) =>
  index === undefined ? (
    vector
  ) : (
    <msub>
      {vector}
      {number(index)}
    </msub>
  );

const MOST_ONES = 10;

/** The input picks a row of V. */
export function row({ source, example_words }: Beginning, { inputs }: State): Stage {
  const { word, vector } = inputs[0]!;
  const all = source !== "model" && example_words.length <= MOST_ONES;
  const ones = all ? example_words.map((each) => Number(each === word)) : undefined;
  const onehot = ones
    ? [sign("("), ones.map((one, index) => [index > 0 && sign(","), number(one)]), sign(")")]
    : [sign("("), name("…"), sign(","), number(1), sign(","), name("…"), sign(")")];
  return {
    key: "row",
    phase: "forward",
    title: { en: `One-hot times V picks the row of ${word}`, zh: `one-hot 乘以 V，選出「${word}」的那一列` },
    symbols: [v, equals, <mtext>one-hot</mtext>, sign("·"), <mi class="math-vector">V</mi>],
    values: [<mrow>{onehot}</mrow>, sign("·"), <mi class="math-vector">V</mi>, equals, numbers(vector, "in.0")],
  };
}

export function mean({ inputs }: State, pass: Pass): Stage {
  return {
    key: "v",
    phase: "forward",
    title: { en: "The hidden layer: the mean of the context's vectors", zh: "隱藏層：上下文向量的平均" },
    symbols: [
      v,
      equals,
      fraction(number(1), number(inputs.length)),
      sign("("),
      inputs.map((_, index) => [index > 0 && sign("+"), <mrow data-of={`in.${index}`}>{indexed(pv, index + 1)}</mrow>]),
      sign(")"),
    ],
    values: [numbers(pass.v, "v")],
    result: { of: "v.0", value: pass.v[0]! },
  };
}

export function forward(pass: Pass): Stage[] {
  return [
    {
      key: "x",
      phase: "forward",
      title: { en: "The score: the output neuron's sum", zh: "得分：輸出神經元的加權和" },
      symbols: [x, equals, v, sign("·"), w],
      values: [...terms(pass.v, pass.w), equals, number(pass.x, "x")],
      result: { of: "x", value: pass.x },
    },
    {
      key: "y",
      phase: "forward",
      title: { en: "The prediction: σ brings it between 0 and 1", zh: "預測：σ 把它壓到 0 與 1 之間" },
      symbols: [y, equals, name("σ"), sign("("), x, sign(")"), equals, sigmoid(x)],
      values: [sigmoid(factor(pass.x, "x")), equals, number(pass.y, "y")],
      result: { of: "y", value: pass.y },
    },
  ];
}

export function lossOfPair(pass: Pass): Stage {
  const positive = pass.t === 1;
  const loss = (of: ComponentChildren) => [sign("−"), log, ...(positive ? [of] : oneMinus(of))];
  return {
    key: "J",
    phase: "forward",
    title: positive
      ? { en: "The loss of a positive example (t = 1)", zh: "正例（t = 1）的損失" }
      : { en: "The loss of a negative example (t = 0)", zh: "負例（t = 0）的損失" },
    symbols: [J, equals, ...loss(y)],
    values: [...loss(number(pass.y, "y")), equals, number(pass.J, "J")],
    result: { of: "J", value: pass.J },
  };
}

/** The objective of the whole window: over the positive and the negatives, or over the nodes of a path. */
export function lossOfWindow({ output_layer }: State, pass: Pass, output: number): Stage {
  const path = output_layer === "hierarchical-softmax";
  const sum = (below: ComponentChildren, above: ComponentChildren) => (
    <munderover>
      {sign("∑")}
      <mrow>{below}</mrow>
      <mrow>{above}</mrow>
    </munderover>
  );
  const dot = (index: ComponentChildren) => (
    <>
      {name("σ")}
      {sign("(")}
      {index}
      {sign(")")}
    </>
  );
  const sub = (index: string) => (
    <msub>
      {pw}
      {name(index)}
    </msub>
  );
  const symbols = path
    ? [
        symbol("J_all", "J"),
        equals,
        sign("−"),
        sum(name("n"), null),
        log,
        dot([sign("±"), pv, sign("·"), sub("n")]),
      ]
    : [
        symbol("J_all", "J"),
        equals,
        sign("−"),
        log,
        dot([pv, sign("·"), sub("pos")]),
        sign("−"),
        sum([name("k"), sign("="), number(1)], name("K")),
        log,
        dot([sign("−"), pv, sign("·"), sub("k")]),
      ];
  const shown = pass.pairs.slice(0, MOST_PAIRS);
  return {
    key: "J_all",
    phase: "forward",
    title: path
      ? { en: "The objective: the sum over the nodes of the path", zh: "目標函數：路徑上所有節點的總和" }
      : { en: "The objective: over the positive and the K negatives", zh: "目標函數：一個正例與 K 個負例" },
    symbols,
    values: [
      ...shown.flatMap(({ J }, index) => [...(index ? [plus] : []), number(J, keyOf("J", index, output))]),
      ...(pass.pairs.length > shown.length ? [plus, name("…")] : []),
      equals,
      number(pass.J_of_all, "J_all"),
    ],
    result: { of: "J_all", value: pass.J_of_all },
  };
}

const MOST_PAIRS = 6;

/** A pair whose three factors are shown, with its place in the window. */
export interface Followed {
  pair: Pair;
  index: number;
  shown: number;
}

/** A key of a line: those of the pair that is shown have no prefix. */
const line = (key: string, { index, shown }: Followed) => (index === shown ? key : `other-${key}`);

export function firstFactor(followed: Followed): Stage {
  const { pair, index, shown } = followed;
  const of = (key: string) => keyOf(key, index, shown);
  const positive = pair.t === 1;
  const factor = (y: ComponentChildren) =>
    positive ? [sign("−"), fraction(number(1), y)] : [fraction(number(1), [number(1), sign("−"), y])];
  return {
    key: line("dJ_dy", followed),
    phase: "backward",
    title: { en: "First factor: how the loss depends on the prediction", zh: "第一個因子：損失隨預測的變化" },
    reason: positive
      ? {
          en: "J = −log y, and the derivative of log y is 1/y: with the natural logarithm no other constant comes along. The smaller y, the more a little more of it helps.",
          zh: "J = −log y，而 log y 的導數是 1/y：用自然對數，就不會多出別的常數。y 越小，把它提高一點就越有用。",
        }
      : {
          en: "J = −log(1 − y). The derivative of log is again one over its argument, and the inner derivative of 1 − y is −1, which turns the sign.",
          zh: "J = −log(1 − y)。log 的導數同樣是「一除以裡面的數」，而 1 − y 的內導數是 −1，於是變號。",
        },
    symbols: [partial(pJ, py, of("dJ_dy")), equals, ...factor(py)],
    values: [...factor(number(pair.y, of("y"))), equals, number(pair.dJ_dy, of("dJ_dy"))],
    result: { of: of("dJ_dy"), value: pair.dJ_dy },
  };
}

const e = (
  <msup>
    {name("e")}
    <mrow>
      {sign("−")}
      {name("x")}
    </mrow>
  </msup>
);
const bracket = (power: string) => (
  <msup>
    <mrow>
      {sign("(")}
      {number(1)}
      {sign("+")}
      {e}
      {sign(")")}
    </mrow>
    <mrow>
      {sign("−")}
      {name(power)}
    </mrow>
  </msup>
);

export function secondFactor(followed: Followed): Stage {
  const { pair, index, shown } = followed;
  const of = (key: string) => keyOf(key, index, shown);
  const its = number(pair.y, of("y"));
  return {
    key: line("dy_dx", followed),
    phase: "backward",
    title: { en: "Second factor: how the prediction depends on the score", zh: "第二個因子：預測隨得分的變化" },
    reason: {
      en: "σ′ by the chain rule: the power gives −(1 + e⁻ˣ)⁻², the inside −e⁻ˣ, and the two signs cancel. Split in two, the first fraction is y; the second is 1 − y, because both add up to 1.",
      zh: "用連鎖律求 σ′：外面的次方給出 −(1 + e⁻ˣ)⁻²，裡面給出 −e⁻ˣ，兩個負號相消。拆成兩個分數：第一個就是 y；第二個是 1 − y，因為兩者相加為 1。",
    },
    derivation: [
      [name("y"), equals, bracket("1")],
      [partial(py, px), equals, sign("−"), bracket("2"), sign("·"), sign("("), sign("−"), e, sign(")")],
      [
        equals,
        fraction(number(1), [number(1), sign("+"), e]),
        sign("·"),
        fraction(e, [number(1), sign("+"), e]),
        equals,
        name("y"),
        ...oneMinus(name("y")),
      ],
    ],
    symbols: [partial(py, px, of("dy_dx")), equals, py, ...oneMinus(py)],
    values: [its, sign("×"), ...oneMinus(its), equals, number(pair.dy_dx, of("dy_dx"))],
    result: { of: of("dy_dx"), value: pair.dy_dx },
  };
}

export function thirdFactor(pass: Pass): Stage {
  return {
    key: "dx_dv",
    phase: "backward",
    title: { en: "Third factor: how the score depends on the two vectors", zh: "第三個因子：得分隨兩個向量的變化" },
    reason: {
      en: "x = v₁w₁ + v₂w₂ + …: only one term has vₖ in it, and it grows by wₖ for each 1 of vₖ. All components together are the vector w; and seen from w, they are v.",
      zh: "x = v₁w₁ + v₂w₂ + …：只有一項含有 vₖ，vₖ 每增加 1，它就增加 wₖ。所有分量合起來就是向量 w；反過來對 w 求導，就是 v。",
    },
    symbols: [partial(px, pv, "w"), equals, w, sign(","), gap, partial(px, pw, "v"), equals, v],
    values: [w, sign("="), numbers(pass.w, "w"), sign(","), gap, v, sign("="), numbers(pass.v, "v")],
  };
}

/** The first two factors, multiplied out to y − t. */
export function product(followed: Followed): Stage {
  const { pair, index, shown } = followed;
  const of = (key: string) => keyOf(key, index, shown);
  const positive = pair.t === 1;
  const [first, cancelled] = positive
    ? [
        [sign("−"), fraction(number(1), py), sign("·"), py, ...oneMinus(py)],
        [sign("−"), ...oneMinus(py)],
      ]
    : [[fraction(number(1), [number(1), sign("−"), py]), sign("·"), py, ...oneMinus(py)], [py]];
  return {
    key: line("dJ_dx", followed),
    phase: "backward",
    title: positive
      ? { en: "Their product is the error: y − 1", zh: "前兩個因子相乘就是誤差：y − 1" }
      : { en: "Their product is the error: y − 0", zh: "前兩個因子相乘就是誤差：y − 0" },
    reason: positive
      ? {
          en: "y cancels, and −(1 − y) is y − 1: the prediction less what it should have been, t = 1. It is negative as long as y is below 1.",
          zh: "y 約掉了，−(1 − y) 就是 y − 1：預測減去它應有的值 t = 1。只要 y 小於 1，它就是負的。",
        }
      : {
          en: "This time 1 − y cancels, and y is left: y − 0, again the prediction less what it should have been, t = 0. One formula for both: the error is y − t.",
          zh: "這次約掉的是 1 − y，剩下 y，也就是 y − 0：同樣是預測減去它應有的值 t = 0。兩種情形合成一條公式：誤差是 y − t。",
        },
    derivation: [
      [partial(pJ, px), equals, partial(pJ, py), sign("·"), partial(py, px), equals, ...first],
      [equals, ...cancelled, equals, py, sign("−"), number(pair.t)],
    ],
    symbols: [partial(pJ, px, of("dJ_dx")), equals, py, sign("−"), name("t")],
    values: [
      factor(pair.dJ_dy, of("dJ_dy")),
      sign("×"),
      number(pair.dy_dx, of("dy_dx")),
      equals,
      number(pair.y, of("y")),
      sign("−"),
      number(pair.t, of("t")),
      equals,
      number(pair.dJ_dx, of("dJ_dx")),
    ],
    result: { of: of("dJ_dx"), value: pair.dJ_dx },
  };
}

export function gradients(pass: Pass): Stage[] {
  const gradient = (key: "dJ_dv" | "dJ_dw", title: Text, by: ComponentChildren, other: "v" | "w"): Stage => ({
    key,
    phase: "backward",
    title,
    symbols: [
      partial(pJ, by, key),
      equals,
      partial(pJ, px, "dJ_dx"),
      sign("·"),
      partial(px, by, other),
      equals,
      error,
      other === "w" ? w : v,
    ],
    values: [factor(pass.dJ_dx, "dJ_dx"), sign("×"), numbers(pass[other], other), equals, numbers(pass[key], key)],
    result: { of: `${key}.0`, value: pass[key][0]! },
  });
  return [
    gradient("dJ_dv", { en: "The gradient of the input vector", zh: "輸入向量的梯度" }, pv, "w"),
    gradient("dJ_dw", { en: "The gradient of the output vector", zh: "輸出向量的梯度" }, pw, "v"),
  ];
}

export function update(state: State, pass: Pass): Stage[] {
  const context = state.inputs.length;
  const shared = state.architecture === "cbow" && state.cbow_gradient === "exact" ? context : 1;
  const step = (key: string, title: Text, change: Change): Stage => ({
    key,
    phase: "update",
    title,
    symbols: [
      change.symbol,
      sign("←"),
      change.symbol,
      sign("−"),
      change.parts > 1 ? fraction(η, number(change.parts)) : η,
      change.gradient,
    ],
    values: [
      change.before,
      minus,
      number(state.eta, "eta"),
      ...(change.parts > 1 ? [sign("/"), number(change.parts)] : []),
      sign("×"),
      change.by,
      equals,
      numbers(change.after, change.of),
    ],
    result: { of: `${change.of}.0`, value: change.after[0]! },
  });
  return [
    ...state.inputs.map(({ word, vector }, index) =>
      step(`v${index}`, { en: `The step: the input vector of ${word}`, zh: `更新：「${word}」的輸入向量` }, {
        symbol: <mrow data-of={`in.${index}`}>{indexed(pv, context > 1 ? index + 1 : undefined)}</mrow>,
        parts: shared,
        gradient: partial(pJ, pv, "dJ_dv"),
        before: numbers(vector, `in.${index}`),
        by: numbers(pass.dJ_dv, "dJ_dv"),
        after: pass.inputs_after[index]!,
        of: `in_after.${index}`,
      }),
    ),
    step("w", { en: "The step: the output vector", zh: "更新：輸出向量" }, {
      symbol: w,
      parts: 1,
      gradient: partial(pJ, pw, "dJ_dw"),
      before: numbers(pass.w, "w"),
      by: numbers(pass.dJ_dw, "dJ_dw"),
      after: pass.w_after,
      of: "w_after",
    }),
    afterStep(
      "J_after",
      { en: "The loss of this pair after the step", zh: "更新之後，這一對的損失" },
      [J, pass.J, "J"],
      pass.J_after,
    ),
  ];
}

/** What a step does to a vector: the vector, its gradient, and the parts that η is divided into. */
interface Change {
  symbol: ComponentChildren;
  parts: number;
  gradient: ComponentChildren;
  before: ComponentChildren;
  by: ComponentChildren;
  after: number[];
  /** The quantity that the vector is afterwards. */
  of: string;
}

/** A loss before and after a step. */
function afterStep(key: string, title: Text, [symbol, before, of]: [ComponentChildren, number, string], after: number): Stage {
  return {
    key,
    phase: "update",
    title,
    symbols: [symbol, sign("→"), <msup data-of={key}>{[pJ, sign("′")]}</msup>],
    values: [number(before, of), sign("→"), number(after, key)],
    result: { of: key, value: after },
  };
}

/** The sum over the window's pairs, and what the step of all of them does. */
export function windowSum(state: State, pass: Pass, output: number): Stage[] {
  const shown = pass.pairs.slice(0, MOST_PAIRS / 2);
  return [
    {
      key: "sum",
      phase: "backward",
      title: { en: "The gradient of v: the sum over the pairs", zh: "v 的梯度：所有配對相加" },
      symbols: [
        partial(pJ, pv, "sum"),
        equals,
        <munder>
          {sign("∑")}
          {name("j")}
        </munder>,
        sign("("),
        <msub>{[name("y"), name("j")]}</msub>,
        sign("−"),
        <msub>{[name("t"), name("j")]}</msub>,
        sign(")"),
        <msub>{[pw, name("j")]}</msub>,
      ],
      values: [
        ...shown.flatMap(({ dJ_dx }, index) => [
          ...(index ? [plus] : []),
          factor(dJ_dx, keyOf("dJ_dx", index, output)),
          sign("×"),
          numbers(state.outputs[index]!.vector, `w${index === output ? "" : `@${index}`}`),
        ]),
        ...(pass.pairs.length > shown.length ? [plus, name("…")] : []),
        equals,
        numbers(pass.window.dJ_dv, "sum"),
      ],
      result: { of: "sum.0", value: pass.window.dJ_dv[0]! },
    },
    afterStep(
      "J_all_after",
      { en: "The loss of the window after its step", zh: "更新之後，整個視窗的損失" },
      [symbol("J_all", "J"), pass.J_of_all, "J_all"],
      pass.window.J_after,
    ),
  ];
}
