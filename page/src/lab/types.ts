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
  source: "example" | "model";
  inputs: string[];
  output: string;
  negatives: string[];
  output_layers: OutputLayer[];
  paths: Path[] | null;
  example_words: string[];
}

export interface Pass {
  v: number[];
  w: number[];
  t: 0 | 1;
  x: number;
  y: number;
  J: number;
  dJ_dy: number;
  dy_dx: number;
  dJ_dx: number;
  dJ_dv: number[];
  dJ_dw: number[];
  J_of_all: number;
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
