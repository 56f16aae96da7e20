import { useEffect, useMemo, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import type { Camera } from "./map/points";
import { WordMap, type Path } from "./map/WordMap";
import type { Words } from "./map/words";
import type { OtherWord } from "./Models";
import { NO_GROUP, type Groups } from "./useGroups";
import type { Other } from "./useOther";

interface Given {
  names: [string, string];
  words: Words;
  other: Other;
  answer: OtherWord | null;
  /** The words whose way is shown while none is chosen, by their rows in the first model. */
  listed: readonly number[];
  groups: Groups | null;
  only: number | null;
  contours: boolean;
  onContours: (contours: boolean) => void;
  camera: Camera | null;
  onCamera: (camera: Camera) => void;
  onChoose: (word: string) => void;
  onList: (rows: number[]) => void;
}

/** The maps of two models on one plane, which move together; arrows go from where a word is in the first to where it is in the second. */
export function Pair({ names, words, other, answer, listed, groups, only, contours, onContours, camera, onCamera, onChoose, onList }: Given) {
  const { t } = useLanguage();
  const [here, setHere] = useState(camera);
  useEffect(() => setHere(camera), [camera?.x, camera?.y, camera?.scale]);
  const groupsOfSecond = useMemo(() => {
    if (!groups) return null;
    const of = new Uint8Array(other.words.count).fill(NO_GROUP);
    other.rows.forEach((row, first) => row >= 0 && (of[row] = groups.of[first]!));
    return { ...groups, of };
  }, [groups, other]);
  const chosen = answer?.rows ?? [null, null];
  const walked = answer?.rows ? [chosen[0]].filter((row) => row !== null) : listed;
  const paths = walked.flatMap((row): Path[] => {
    const to = other.rows[row]!;
    if (to < 0 || !other.first.has(row) || !other.second.has(to)) return [];
    return [[other.first.x(row), other.first.y(row), other.second.x(to), other.second.y(to)]];
  });
  const maps = [
    { words, points: other.first, groups, listed },
    { words: other.words, points: other.second, groups: groupsOfSecond, listed: listed.map((row) => other.rows[row]!) },
  ];
  return (
    <div class="explorer-pair">
      {maps.map(({ words, points, groups, listed }, model) => {
        const near = answer?.neighbours?.[model]?.map(({ row }) => row).filter((row) => row != null);
        const row = chosen[model] ?? null;
        return (
          <WordMap
            key={model}
            name={`${"AB"[model]}: ${names[model]}`}
            tools={model === 0}
            words={words}
            points={points}
            chosen={row}
            marked={answer?.rows ? (near ?? []) : listed}
            lines={row === null ? [] : (near ?? []).map((to) => [row, to] as const)}
            arrows={[]}
            paths={paths}
            groups={groups}
            only={only}
            contours={contours}
            onContours={onContours}
            camera={here}
            onMoving={setHere}
            onCamera={onCamera}
            onChoose={(row) => onChoose(words.at(row))}
            onList={onList}
          />
        );
      })}
      <p class="explorer-faint">
        {t({
          en: "Both maps are on the two principal components of A's directions, and B is rotated onto A. An arrow goes from a word's place in A to its place in B. Lists and pictures are of A.",
          zh: "兩張地圖都以 A 的詞向量方向的前兩個主成分為軸，B 已旋轉對齊 A。箭頭從詞在 A 的位置指向在 B 的位置。列表與圖片取自 A。",
        })}
      </p>
    </div>
  );
}
