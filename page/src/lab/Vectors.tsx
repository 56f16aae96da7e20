import { useLayoutEffect, useRef } from "preact/hooks";
import { useLanguage } from "../i18n";
import { isWide } from "./wide";
import { keyOf, type State } from "./types";

const SHOWN = 5;
const DIGITS = 3;

interface Props {
  state: State;
  output: number;
  onChange: (state: State) => void;
}

/** The vectors of the window as rows of cells, whose numbers can be changed. */
export function Vectors({ state, output, onChange }: Props) {
  const { t } = useLanguage();
  const all = [...state.inputs, ...state.outputs].flatMap(({ vector }) => vector.slice(0, SHOWN).map(Math.abs));
  const largest = Math.max(1e-12, ...all);
  const changed = (vector: number[], place: number, value: number) =>
    vector.map((each, index) => (index === place ? value : each));
  const cells = (vector: number[], of: (place: number) => string, name: string, change: (vector: number[]) => void) =>
    vector.slice(0, SHOWN).map((value, place) => (
      <td>
        <Cell
          value={value}
          share={value / largest}
          of={of(place)}
          name={t({ en: `${name}, number ${place + 1}`, zh: `${name}，第 ${place + 1} 個數` })}
          onInput={(value) => change(changed(vector, place, value))}
        />
      </td>
    ));
  const more = (vector: number[]) => vector.length > SHOWN && <td>…</td>;
  return (
    <details class="lab-vectors" open={isWide()}>
      <summary>{t({ en: "The vectors: change any number", zh: "向量：任何數字都可以改" })}</summary>
      <table>
        <tbody>
          {state.inputs.map(({ word, vector }, index) => (
            <tr>
              <th scope="row">
                <b class="math-text">v</b> {word}
              </th>
              {cells(
                vector,
                (place) => `in.${index}.${place}`,
                `v ${word}`,
                (vector) => onChange({ ...state, inputs: replaced(state.inputs, index, vector) }),
              )}
              {more(vector)}
            </tr>
          ))}
          {state.outputs.map(({ name, vector, label }, index) => (
            <tr>
              <th scope="row" class={label === 1 ? "lab-positive" : "lab-negative"}>
                <b class="math-text">w</b> {name} <small>t = {label}</small>
              </th>
              {cells(
                vector,
                (place) => keyOf(`w.${place}`, index, output),
                `w ${name}`,
                (vector) => onChange({ ...state, outputs: replaced(state.outputs, index, vector) }),
              )}
              {more(vector)}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

const replaced = <Row extends { vector: number[] }>(rows: Row[], place: number, vector: number[]) =>
  rows.map((row, index) => (index === place ? { ...row, vector } : row));

interface CellProps {
  value: number;
  /** Of the largest number: −1 to 1. */
  share: number;
  of: string;
  name: string;
  onInput: (value: number) => void;
}

/** One number. What is being typed is left alone: the field is filled only where its number comes from elsewhere. */
function Cell({ value, share, of, name, onInput }: CellProps) {
  const field = useRef<HTMLInputElement>(null);
  const rounded = Number(value.toPrecision(DIGITS));
  useLayoutEffect(() => {
    const typed = field.current!.valueAsNumber;
    if (typed !== value && typed !== rounded) field.current!.valueAsNumber = rounded;
  }, [value]);
  return (
    <input
      ref={field}
      type="number"
      step="0.1"
      class={share < 0 ? "lab-cell lab-minus" : "lab-cell lab-plus"}
      style={{ "--share": `${Math.round(50 * Math.abs(share))}%` }}
      aria-label={name}
      title={String(value)}
      data-of={of}
      onInput={(event) => {
        const typed = event.currentTarget.valueAsNumber;
        if (!Number.isNaN(typed)) onInput(typed);
      }}
      onBlur={(event) => {
        event.currentTarget.valueAsNumber = rounded;
      }}
    />
  );
}
