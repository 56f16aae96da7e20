import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import "./math.css";
import { readable } from "./numbers";
import { label } from "./quantities";

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
export const plus = <mo>+</mo>;
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

/** Whether a quantity is not revealed yet. */
export const Hidden = createContext<(of: string) => boolean>(() => false);

/** A number, exact where one points at it. What it is the value `of` connects it with its symbols and edges. */
function Figure({ value, of }: { value: number; of: string | undefined }) {
  const hidden = useContext(Hidden);
  if (of === undefined) return <mn title={String(value)}>{readable(value)}</mn>;
  if (hidden(of)) return <mn class="math-hidden">?</mn>;
  return (
    <mn title={String(value)} data-of={of} role="img" aria-label={`${label(of)} = ${readable(value)}`} tabIndex={-1}>
      {readable(value)}
    </mn>
  );
}

export const number = (value: number, of?: string) => <Figure value={value} of={of} />;

/** A quantity with its number, within a text. */
export function Is({ of, value }: { of: string; value: number }) {
  const hidden = useContext(Hidden);
  if (hidden(of)) return <span class="math-text">{label(of)} = ?</span>;
  return (
    <span class="math-text" title={String(value)} data-of={of}>
      {label(of)} = {readable(value)}
    </span>
  );
}

/** A symbol that stands for a quantity. */
export const symbol = (of: string, text: string) => <mi data-of={of}>{text}</mi>;

/** A number behind a sign: in parentheses where it is negative. */
export const factor = (value: number, of?: string) =>
  value < 0 ? (
    <mrow>
      {sign("(")}
      {number(value, of)}
      {sign(")")}
    </mrow>
  ) : (
    number(value, of)
  );

export const fraction = (above: ComponentChildren, below: ComponentChildren) => (
  <mfrac>
    <mrow>{above}</mrow>
    <mrow>{below}</mrow>
  </mfrac>
);

/** ∂above / ∂below. */
export const partial = (above: ComponentChildren, below: ComponentChildren, of?: string) => (
  <mrow data-of={of}>
    {fraction(
      <>
        {name("∂")}
        {above}
      </>,
      <>
        {name("∂")}
        {below}
      </>,
    )}
  </mrow>
);

const SHOWN = 3;

const component = (of: string, index: number) => of.replace(/(?=@|$)/, `.${index}`);

/** The leading numbers of a vector. */
export const numbers = (values: number[], of?: string) => (
  <mrow>
    {sign("(")}
    {values.slice(0, SHOWN).map((value, index) => (
      <>
        {index > 0 && sign(",")}
        {number(value, of && component(of, index))}
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

/** The leading terms of the scalar product of v and w. */
export const terms = (v: number[], w: number[]): ComponentChildren[] => [
  ...v
    .slice(0, SHOWN)
    .flatMap((value, index) => [
      ...(index ? [plus] : []),
      factor(value, `v.${index}`),
      sign("×"),
      factor(w[index]!, `w.${index}`),
    ]),
  ...(v.length > SHOWN ? [plus, name("…")] : []),
];
