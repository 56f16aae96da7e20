import { useLanguage } from "../i18n";
import { readable } from "../math/numbers";

const WIDTH = 900;
const MARGIN = 90;
const ROW = 20;
const LETTER = 8; // about the width of one; a character of Chinese takes two

interface Props {
  placed: [string, number][];
  from: string;
  to: string;
  onWord: (word: string) => void;
}

/** Words on the straight line from one word to another, which lie at 0 and 1. */
export function Ruler({ placed, from, to, onWord }: Props) {
  const { t } = useLanguage();
  const places = placed.map(([, place]) => place);
  const [low, high] = [Math.min(...places), Math.max(...places)];
  const x = (place: number) => MARGIN + ((WIDTH - 2 * MARGIN) * (place - low)) / (high - low);
  const ends: number[] = [];
  const words = placed.map(([word, place]) => {
    const half = (LETTER * width(word)) / 2 + 4;
    const free = ends.findIndex((end) => end < x(place) - half);
    const row = free < 0 ? ends.length : free;
    ends[row] = x(place) + half;
    return { word, place, row, end: word === from || word === to };
  });
  const axis = ROW * ends.length + 16;
  const ticks = [0, 0.25, 0.5, 0.75, 1].filter((place) => place >= low && place <= high);
  return (
    <svg
      class="explorer-ruler"
      viewBox={`0 0 ${WIDTH} ${axis + 30}`}
      role="group"
      aria-label={t({ en: `From ${from} to ${to}`, zh: `從「${from}」到「${to}」` })}
    >
      <line class="explorer-axis" x1={x(low)} x2={x(high)} y1={axis} y2={axis} />
      {ticks.map((place) => (
        <g class="explorer-axis">
          <line x1={x(place)} x2={x(place)} y1={axis} y2={axis + 6} />
          <text x={x(place)} y={axis + 22} text-anchor="middle">
            {readable(place)}
          </text>
        </g>
      ))}
      {words.map(({ word, place, row, end }) => (
        <g
          class={end ? "explorer-placed explorer-end" : "explorer-placed"}
          role="button"
          tabindex={0}
          onClick={() => onWord(word)}
          onKeyDown={({ key }) => key === "Enter" && onWord(word)}
        >
          <title>{`${word}: ${place}`}</title>
          <line x1={x(place)} x2={x(place)} y1={axis - 4} y2={axis - ROW * row - 8} />
          <circle cx={x(place)} cy={axis} r={end ? 5 : 3.5} />
          <text x={x(place)} y={axis - ROW * row - 12} text-anchor="middle">
            {word}
          </text>
        </g>
      ))}
    </svg>
  );
}

const width = (word: string) => [...word].reduce((sum, letter) => sum + (letter > "\u2e7f" ? 2 : 1), 0);
