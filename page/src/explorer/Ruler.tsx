import { useEffect, useRef, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { fixed, readable } from "../math/numbers";
import { readableWord } from "../words";
import { FAMILY } from "./map/labels";
import { across, down, HEIGHT, type Laid, type Place } from "./ruler";

interface Given {
  places: readonly Place[];
  /** The words at −1 and at 1. */
  ends: { a: string; b: string };
  onChoose: (word: string) => void;
}

const NARROW = 560; // pixels, below which the ruler stands upright
const TICKS = [-1, -0.5, 0, 0.5, 1];

/** The axis as one ruler: from left to right, or in a narrow window downwards. */
export function Ruler({ places, ends, onChoose }: Given) {
  const { t } = useLanguage();
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current!;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const sorted = [...places].sort((one, other) => one.place - other.place);
  const isEnd = (word: string) => word === ends.a || word === ends.b;
  return (
    <section class="explorer-axis" aria-label={t({ en: `From ${ends.a} to ${ends.b}`, zh: `從「${ends.a}」到「${ends.b}」` })}>
      <p class="explorer-faint">
        {t({
          en: "−1 is the first word, 1 the second; at 0 a word is as similar to one as to the other.",
          zh: "−1 是第一個詞，1 是第二個詞；在 0 的詞與兩者一樣相似。",
        })}
      </p>
      <div ref={place}>
        {width > 0 && <Drawn laid={laidOut(places, width)} width={width} isEnd={isEnd} onChoose={onChoose} />}
      </div>
      <details>
        <summary>{t({ en: `All ${places.length} words as a table`, zh: `全部 ${places.length} 個詞的表格` })}</summary>
        <table class="explorer-places">
          <tbody>
            {sorted.map(({ word, place }) => (
              <tr key={word} class={isEnd(word) ? "explorer-end" : ""}>
                <th scope="row">
                  <button type="button" class="explorer-word" onClick={() => onChoose(word)}>
                    {readableWord(word)}
                  </button>
                </th>
                <td>{fixed(place, 2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

const context = document.createElement("canvas").getContext("2d");

function laidOut(places: readonly Place[], width: number): Laid {
  const measured = (word: string) => {
    if (!context) return 9 * word.length;
    context.font = `bold 16px ${FAMILY}`;
    return context.measureText(readableWord(word)).width;
  };
  return width < NARROW ? down(places, width) : across(places, width, measured);
}

interface DrawnGiven {
  laid: Laid;
  width: number;
  isEnd: (word: string) => boolean;
  onChoose: (word: string) => void;
}

function Drawn({ laid, width, isEnd, onChoose }: DrawnGiven) {
  const { t } = useLanguage();
  const { line, height, labels, dots, at } = laid;
  const flat = line.y1 === line.y2;
  return (
    <>
      <div class="explorer-ruler" style={{ height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true">
          <line x1={line.x1} y1={line.y1} x2={line.x2} y2={line.y2} />
          {TICKS.map((tick) => {
            const { x, y } = at(tick);
            return (
              <g key={tick}>
                {flat ? <line x1={x} y1={y - 5} x2={x} y2={y + 5} /> : <line x1={x - 5} y1={y} x2={x + 5} y2={y} />}
              </g>
            );
          })}
          {labels.map(({ word, leader }) => (
            <polyline key={word} points={leader.map(({ x, y }) => `${x},${y}`).join(" ")} />
          ))}
          {flat &&
            TICKS.map((tick) => (
              <text key={tick} x={at(tick).x} y={at(tick).y + HEIGHT - 4} text-anchor="middle">
                {readable(tick)}
              </text>
            ))}
          {dots.map(({ word, x, y }) =>
            isEnd(word) ? (
              <rect key={word} x={x - 5} y={y - 5} width="10" height="10" />
            ) : (
              <circle key={word} cx={x} cy={y} r="4" />
            ),
          )}
        </svg>
        <ol>
          {labels.map(({ word, place, x, y, width: room, align }) => (
            <li
              key={word}
              class={isEnd(word) ? "explorer-end" : ""}
              style={{ left: `${x}px`, top: `${y}px`, width: `${room}px`, justifyContent: align }}
            >
              <button type="button" class="explorer-word" title={`${word}: ${fixed(place, 2)}`} onClick={() => onChoose(word)}>
                {readableWord(word)}
              </button>
              <span class={flat ? "spoken" : "explorer-score"}>{fixed(place, 2)}</span>
            </li>
          ))}
        </ol>
      </div>
      {labels.length < dots.length && (
        <p class="explorer-faint">
          {t({
            en: `${dots.length - labels.length} words have a dot alone: there is no room for their names.`,
            zh: `有 ${dots.length - labels.length} 個詞只有點：沒有空間寫出名稱。`,
          })}
        </p>
      )}
    </>
  );
}
