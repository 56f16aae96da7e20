import { useLanguage } from "../i18n";
import { readable } from "../math/numbers";
import type { Directions as View, State } from "./types";

const SIZE = 300;
const REACH = 110;

/** v along the axis, every output vector at its true angle to v: positive examples above it, negative ones below. */
export function Directions({ state, view }: { state: State; view: View }) {
  const { t } = useLanguage();
  const longest = Math.max(view.length, ...view.outputs.map(({ length }) => length), 1e-12);
  const arrows = view.outputs.map(({ length, angle }, index) => {
    const { name, label } = state.outputs[index]!;
    const reach = (REACH * length) / longest;
    const side = label === 1 ? -1 : 1;
    return { name, label, length, angle, x: reach * Math.cos(angle), y: side * reach * Math.sin(angle) };
  });
  const hidden = state.inputs.length > 1 ? "v" : state.inputs[0]!.word;
  return (
    <figure class="lab-directions">
      <svg viewBox={`${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`} role="img" aria-label={t(TITLE)}>
        <circle class="lab-compass" r={REACH} />
        <line class="lab-compass" x1={-REACH} x2={REACH} />
        {view.length > 0 && <Arrow x={(REACH * view.length) / longest} y={0} kind="v" label={hidden} />}
        {arrows
          .filter(({ length }) => length > 0)
          .map(({ name, label, x, y }) => (
            <Arrow x={x} y={y} kind={label === 1 ? "positive" : "negative"} label={name} />
          ))}
      </svg>
      <figcaption>
        {t(TITLE)}{" "}
        {arrows.map(({ name, length, angle }) => (
          <span class="lab-angle">
            {name}: {length > 0 ? `${readable((angle * 180) / Math.PI)}°` : t({ en: "zero so far", zh: "仍為零" })}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

const TITLE = {
  en: "Each output vector at its true angle to v, in all dimensions: positive examples above, negative ones below.",
  zh: "各輸出向量與 v 的真實夾角（所有維度）：正例在上方，負例在下方。",
};

function Arrow({ x, y, kind, label }: { x: number; y: number; kind: string; label: string }) {
  const length = Math.hypot(x, y) || 1;
  const [ux, uy] = [x / length, y / length];
  const head = `${x} ${y} ${x - 9 * ux - 4 * uy} ${y - 9 * uy + 4 * ux} ${x - 9 * ux + 4 * uy} ${y - 9 * uy - 4 * ux}`;
  const anchor = ux < -0.3 ? "end" : ux > 0.3 ? "start" : "middle";
  return (
    <g class={`lab-direction lab-direction-${kind}`}>
      <line x2={x} y2={y} />
      <polygon points={head} />
      <text x={x + 8 * ux} y={y + 8 * uy + (uy > 0.3 ? 12 : uy < -0.3 ? -2 : 5)} text-anchor={anchor}>
        {label}
      </text>
    </g>
  );
}
