import type { ComponentChildren } from "preact";
import "./math.css";
import { readable } from "./numbers";

/** Parts of formulas, as MathML. */

export function Formula({ children }: { children: ComponentChildren }) {
  return (
    <math class="math" displaystyle>
      <mrow>{children}</mrow>
    </math>
  );
}

export const name = (text: string) => <mi>{text}</mi>;
export const vector = (text: string) => <mi class="math-vector">{text}</mi>;
export const sign = (text: string) => <mo>{text}</mo>;
export const equals = <mo>=</mo>;
export const minus = <mo>−</mo>;
const plus = <mo>+</mo>;
export const gap = <mspace width="1em" />;
const BREAKS: readonly ComponentChildren[] = [equals, minus, plus, gap];
export const log = (
  <>
    <mi>log</mi>
    <mspace width="0.17em" />
  </>
);

/** A formula of numbers, which is broken before `equals`, `minus`, `gap`, and the sums' plus where the line is too short. */
export function Figures({ children }: { children: readonly ComponentChildren[] }) {
  const parts: ComponentChildren[][] = [[]];
  for (const part of children) {
    if (BREAKS.includes(part)) parts.push([<mrow />]); // with something before it, an operator keeps its spaces
    parts.at(-1)!.push(part);
  }
  return (
    <span class="math-figures">
      {parts.map((part) => (
        <Formula>{part}</Formula>
      ))}
    </span>
  );
}

/** A number, exact where one points at it. */
export const number = (value: number) => <mn title={String(value)}>{readable(value)}</mn>;

/** A number behind a sign: in parentheses where it is negative. */
export const factor = (value: number) =>
  value < 0 ? (
    <mrow>
      {sign("(")}
      {number(value)}
      {sign(")")}
    </mrow>
  ) : (
    number(value)
  );

export const fraction = (above: ComponentChildren, below: ComponentChildren) => (
  <mfrac>
    <mrow>{above}</mrow>
    <mrow>{below}</mrow>
  </mfrac>
);

/** ∂above / ∂below. */
export const partial = (above: ComponentChildren, below: ComponentChildren) =>
  fraction(
    <>
      {name("∂")}
      {above}
    </>,
    <>
      {name("∂")}
      {below}
    </>,
  );

const SHOWN = 3;

/** The leading numbers of a vector. */
export const numbers = (values: number[]) => (
  <mrow>
    {sign("(")}
    {values.slice(0, SHOWN).map((value, index) => (
      <>
        {index > 0 && sign(",")}
        {number(value)}
      </>
    ))}
    {values.length > SHOWN && (
      <>
        {sign(",")}
        {name("…")}
      </>
    )}
    {sign(")")}
  </mrow>
);

/** The leading terms of a scalar product. */
export const terms = (a: number[], b: number[]): ComponentChildren[] => [
  ...a.slice(0, SHOWN).flatMap((value, index) => [...(index ? [plus] : []), factor(value), sign("×"), factor(b[index]!)]),
  ...(a.length > SHOWN ? [plus, name("…")] : []),
];
