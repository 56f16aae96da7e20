/** What the calls of wordkin/inspector/lab.py give and take. */

export type Architecture = "skipgram" | "cbow";
export type OutputLayer = "negative-sampling" | "hierarchical-softmax";

export interface State {
  architecture: Architecture;
  output_layer: OutputLayer;
  cbow_gradient: "exact" | "word2vec";
  eta: number;
  turn: number;
  inputs: { word: string; vector: number[] }[];
  outputs: { name: string; label: 0 | 1; vector: number[] }[];
}

export interface Path {
  word: string;
  nodes: number[];
  code: number[];
}

export interface Beginning {
  state: State;
  source: "example" | "model" | "corpus";
  inputs: string[];
  output: string;
  negatives: string[];
  output_layers: OutputLayer[];
  paths: Path[] | null;
  example_words: string[];
  subwords: boolean;
}

/** The scalars of one pair. */
export interface Pair {
  t: 0 | 1;
  x: number;
  y: number;
  J: number;
  dJ_dy: number;
  dy_dx: number;
  dJ_dx: number;
}

export interface Pass extends Pair {
  v: number[];
  w: number[];
  dJ_dv: number[];
  dJ_dw: number[];
  /** Those of all pairs of the window. */
  pairs: Pair[];
  J_of_all: number;
  /** Its gradient of v, each pair's part of that, and J after its step. */
  window: { dJ_dv: number[]; parts: number[][]; J_after: number };
  view: Directions;
  w_after: number[];
  inputs_after: number[][];
  hidden_after: number[];
  J_after: number;
}

export interface Directions {
  length: number;
  outputs: { length: number; angle: number }[];
}

/** What a step takes: all pairs of the window from the same old values, or one pair after the other. */
export type StepOf = "window" | "pair";

export interface Stepped {
  state: State;
  J: number[];
}

/** The key of a quantity of one of the window's pairs, while the pair `shown` is shown. */
export const keyOf = (quantity: string, pair: number, shown: number) => (pair === shown ? quantity : `${quantity}@${pair}`);

/** The small corpus with its network, as small_corpus.py describes it. */
export interface Corpus {
  lines: string[][];
  words: string[];
  counts: number[];
  window: number;
  negatives: number;
  size: number;
  eta: number;
  V: number[][];
  W: number[][];
  at: number;
  passes: number;
}

/** The corpus, its next window, and how the lab shows that. */
export interface CorpusShown {
  corpus: Corpus;
  /** Per pair, over the whole corpus. */
  J: number;
  window: {
    line: number;
    place: number;
    context: number[];
    input: number | null;
    input_rows: number[];
    output_rows: number[];
  };
  noise: number[];
  cosines: number[][];
  beginning: Beginning;
}
