import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { call, type Status } from "../api";
import { useLanguage } from "../i18n";
import { goTo, useRoute } from "../route";
import { readableWord } from "../words";
import { Analogy, type AnalogyAnswer } from "./Analogy";
import { Bars, Unknown, useAnswer, type Scored } from "./answers";
import { Arithmetic } from "./Arithmetic";
import { asked, Axis, listed, type AxisAnswer } from "./Axis";
import { Compare, HeatMap, type CompareAnswer } from "./Compare";
import "./explorer.css";
import type { Camera } from "./map/points";
import { read, WordMap, written } from "./map/WordMap";
import type { Words } from "./map/words";
import { Ruler } from "./Ruler";
import { colourOf, useGroups, type Groups } from "./useGroups";
import { AMONG, Models, type OtherWord } from "./Models";
import { Pair } from "./Pair";
import { METHODS, useMap, type Layout, type Method } from "./useMap";
import { ordered, useOther, type Order } from "./useOther";
import { WordInput } from "./WordInput";

interface WordAnswer {
  unknown?: string[];
  row?: number | null;
  count?: number | null;
  per_million?: number | null;
  norm?: number;
  neighbours?: Scored[];
}

const TABS = [
  { name: "word", title: { en: "Word", zh: "詞" } },
  { name: "analogy", title: { en: "Analogy", zh: "類比" } },
  { name: "axis", title: { en: "Axis", zh: "軸" } },
  { name: "sum", title: { en: "Sum", zh: "加減" } },
  { name: "compare", title: { en: "Compare", zh: "比較" } },
  { name: "models", title: { en: "Two models", zh: "兩個模型" } },
] as const;

const STAGES: Record<Layout["stage"], { en: string; zh: string }> = {
  loading: { en: "Step 1 of 3: its library is loaded.", zh: "第 1 步（共 3 步）：載入程式庫。" },
  neighbours: { en: "Step 2 of 3: each word's neighbours are searched, for UMAP once the code is compiled.", zh: "第 2 步（共 3 步）：尋找每個詞的鄰近詞（UMAP 會先編譯程式）。" },
  layout: { en: "Step 3 of 3: the words are laid out.", zh: "第 3 步（共 3 步）：排列詞的位置。" },
};
const LISTED = 500;
const COUNTS = [20, 50, 200, 1000];
const ORDERS: readonly Order[] = ["most", "least", "first", "second"];
const AMONG_AT_FIRST = 5000;
const MOST_ARROWS = 50;
const NEIGHBOURS_BESIDE = 10; // of a word, in each of two models
const GROUPINGS: Record<string, { en: string; zh: string }> = {
  frequency: { en: "frequency", zh: "出現次數" },
  cluster: { en: "cluster", zh: "叢集" },
};

/** Words, their neighbours, analogies and axes, beside a map of all of them. */
export function Explorer({ status }: { status: Status }) {
  const { t } = useLanguage();
  const { parameters } = useRoute();
  const [ignoreCase, setIgnoreCase] = useState(false);
  const [selected, setSelected] = useState<number[] | null>(null);
  const given = (name: string) => parameters.get(name) ?? "";
  const go = (change: Record<string, string>, replace = false) => {
    const next = { ...Object.fromEntries(new URLSearchParams(location.hash.split("?", 2)[1] ?? "")), ...change };
    goTo("explorer", Object.fromEntries(Object.entries(next).filter(([, value]) => value)), replace);
  };
  const asksFor = given("method");
  const method: Method = asksFor in METHODS && !status.exported ? (asksFor as Method) : "pca";
  const map = useMap(status.model!.words, method);
  const word = given("word");
  const count = COUNTS.find((each) => String(each) === given("n")) ?? 20;
  const { answer, error } = useAnswer<WordAnswer>("word", word ? { word, count } : null);
  const tabs = TABS.filter(({ name }) => name !== "models" || status.others.length);
  const tab = tabs.find(({ name }) => name === given("tab"))?.name ?? "word";
  const ends = { a: given("from"), b: given("to"), list: given("list") };
  const axis = useAnswer<AxisAnswer>("axis", tab === "axis" ? asked(ends) : null);
  const compared = listed(given("words"));
  const compare = useAnswer<CompareAnswer>("similarities", tab === "compare" && compared.length ? { words: compared } : null);
  const [analogy, setAnalogy] = useState<AnalogyAnswer | null>(null);
  const { chosen, marked, lines, arrows } = marks(tab, answer, analogy, axis.answer, compare.answer, ends);
  const pairs = tab === "models";
  const place = Number(given("other")) in status.others ? Number(given("other")) : 0;
  const { other, error: otherError } = useOther(pairs ? place : null, status.model!.words);
  const both = useAnswer<OtherWord>("other_word", pairs && word ? { word, count: NEIGHBOURS_BESIDE, other: place } : null);
  const paired = pairs && !otherError;
  const order = ORDERS.find((each) => each === given("sort")) ?? "most";
  const among = AMONG.find((each) => String(each) === given("among")) ?? AMONG_AT_FIRST;
  const moved = useMemo(() => (other ? ordered(other, order, among).slice(0, count) : []), [other, order, among, count]);
  const groupings = status.model!.groupings;
  const by = groupings.find((each) => each === given("colour")) ?? "";
  const { groups, error: groupsError } = useGroups(by);
  const [only, setOnly] = useState<number | null>(null);
  useEffect(() => setOnly(null), [by]);
  const choose = (chosen: string) => go({ word: chosen, tab: "" });
  const panel = useRef<HTMLElement>(null);
  const methods = useRef<HTMLSelectElement>(null);
  const byKey = useRef(false);
  const lister = useRef<Element | null>(null);
  const list = (rows: number[]) => {
    lister.current = document.activeElement;
    setSelected(rows);
  };
  const close = () => {
    setSelected(null);
    if (lister.current instanceof HTMLElement) lister.current.focus();
  };
  /** Chooses a word whose button goes away with that: whoever pressed it by a key goes on at the search field. */
  const chooseHere = (chosen: string) => {
    byKey.current = document.activeElement?.matches("button:focus-visible") ?? false;
    choose(chosen);
  };
  useLayoutEffect(() => {
    if (byKey.current) panel.current!.querySelector<HTMLElement>("[role=combobox]")?.focus();
    byKey.current = false;
  }, [word, tab]);
  /** What the maps of one model and of two have in common. */
  const look = {
    groups,
    only,
    contours: given("contours") === "1",
    onContours: (contours: boolean) => go({ contours: contours ? "1" : "" }),
    camera: read(parameters.get("at")),
    onCamera: (camera: Camera) => go({ at: written(camera) }, true),
    onList: list,
  };
  return (
    <div class="explorer">
      <h1 class="spoken">{t({ en: "Explorer", zh: "探索" })}</h1>
      <section class="explorer-panel" ref={panel}>
        <div class="explorer-tabs">
          {tabs.map(({ name, title }) => (
            <button key={name} aria-pressed={name === tab} onClick={() => go({ tab: name === "word" ? "" : name, ...(pairs !== (name === "models") && { at: "" }) })}>
              {t(title)}
            </button>
          ))}
          <label>
            <input type="checkbox" checked={ignoreCase} onChange={(event) => setIgnoreCase(event.currentTarget.checked)} />{" "}
            {t({ en: "Any case", zh: "不分大小寫" })}
          </label>
        </div>
        {tab === "word" && (
          <Word
            word={word}
            answer={answer}
            error={error}
            ignoreCase={ignoreCase}
            count={count}
            onCount={(count) => go({ n: String(count) })}
            onChoose={chooseHere}
          />
        )}
        {tab === "analogy" && (
          <Analogy
            terms={{ a: given("a"), b: given("b"), c: given("c") }}
            ignoreCase={ignoreCase}
            onTerms={(terms) => go(terms)}
            onChoose={chooseHere}
            onAnswer={setAnalogy}
          />
        )}
        {tab === "axis" && (
          <Axis
            ends={ends}
            answer={axis.answer}
            error={axis.error}
            ignoreCase={ignoreCase}
            onEnds={({ a, b, list }) => go({ from: a, to: b, list })}
          />
        )}
        {tab === "sum" && (
          <Arithmetic sum={given("sum")} onSum={(sum) => go({ sum })} onChoose={chooseHere} onAnswer={setAnalogy} />
        )}
        {tab === "compare" && (
          <Compare list={given("words")} answer={compare.answer} error={compare.error} onList={(words) => go({ words })} />
        )}
        {pairs && map.words && (
          <Models
            name={status.model!.name}
            others={status.others}
            place={place}
            other={other}
            error={otherError}
            word={word}
            answer={both.answer}
            answerError={both.error}
            ignoreCase={ignoreCase}
            listed={moved}
            order={order}
            among={among}
            count={count}
            counts={COUNTS}
            wordAt={(row) => map.words!.at(row)}
            onGo={go}
          />
        )}
        {selected && map.words && <Listed rows={selected} words={map.words} onChoose={choose} onClose={close} />}
      </section>
      {axis.answer?.places && <Ruler places={axis.answer.places} ends={ends} onChoose={chooseHere} />}
      {compare.answer && compare.answer.words.length > 0 && <HeatMap answer={compare.answer} onChoose={chooseHere} />}
      <section class="explorer-side" aria-label={t({ en: "Map", zh: "地圖" })}>
        <div class="explorer-row">
          {!paired && (
            <label>
              {t({ en: "Map by", zh: "地圖方法" })}{" "}
              <select ref={methods} value={method} onChange={(event) => go({ method: event.currentTarget.value, at: "" })}>
                {Object.entries(METHODS).map(([each, name]) => (each === "pca" || !status.exported) && <option key={each} value={each}>{name}</option>)}
              </select>
            </label>
          )}
          <label>
            {t({ en: "Colour by", zh: "著色依據" })}{" "}
            <select value={by} onChange={(event) => go({ colour: event.currentTarget.value })}>
              <option value="">{t({ en: "nothing", zh: "無" })}</option>
              {groupings.map((each) => (
                <option key={each} value={each}>
                  {each in GROUPINGS ? t(GROUPINGS[each]!) : each.slice("column:".length)}
                </option>
              ))}
            </select>
          </label>
          <CopyButton text={() => location.href} label={t({ en: "Copy the link", zh: "複製連結" })} />
        </div>
        {map.error && !paired && <p role="alert">{map.error.message}</p>}
        {!paired && map.layout?.state === "running" && (
          <div>
            <p role="status">
              {t({
                en: `${METHODS[method]} lays out the ${map.layout.words.toLocaleString("en")} most frequent words; until then this is the last map.`,
                zh: `${METHODS[method]} 正在排列最常見的 ${map.layout.words.toLocaleString("en")} 個詞；完成前顯示先前的地圖。`,
              })}{" "}
              {t(STAGES[map.layout.stage])}
            </p>
            <progress value={map.layout.progress ?? undefined} max={1} aria-label={t(STAGES[map.layout.stage])} />{" "}
            <span>{t({ en: `${Math.floor(map.layout.seconds)} s`, zh: `${Math.floor(map.layout.seconds)} 秒` })}</span>{" "}
            <button
              onClick={() =>
                call("layout", { method, action: "cancel" }).then(() => {
                  methods.current!.focus();
                  go({ method: "" });
                })
              }
            >
              {t({ en: "Cancel", zh: "取消" })}
            </button>
          </div>
        )}
        {groupsError && <p role="alert">{groupsError.message}</p>}
        {by && !groups && !groupsError && <p role="status">{t({ en: "The groups are on their way …", zh: "分組計算中……" })}</p>}
        {groups && <Legend groups={groups} only={only} onOnly={setOnly} />}
        {paired ? (
          map.words && other && (
            <Pair
              names={[status.model!.name, other.name]}
              words={map.words}
              other={other}
              answer={both.answer}
              listed={moved.slice(0, MOST_ARROWS)}
              {...look}
              onChoose={(word) => go({ word })}
            />
          )
        ) : map.words && map.points ? (
          <WordMap
            words={map.words}
            points={map.points}
            chosen={chosen}
            marked={marked}
            lines={lines}
            arrows={arrows}
            {...look}
            onChoose={(row) => choose(map.words!.at(row))}
          />
        ) : (
          !map.error && <p role="status">{t({ en: "The map is on its way …", zh: "地圖載入中……" })}</p>
        )}
      </section>
    </div>
  );
}

interface Marks {
  chosen: number | null;
  marked: number[];
  /** Thin lines, from word to word. */
  lines: [number, number][];
  arrows: [number, number][];
}

/** What the map marks: what the open tab shows, and nothing of the others. */
function marks(
  tab: (typeof TABS)[number]["name"],
  word: WordAnswer | null,
  analogy: AnalogyAnswer | null,
  axis: AxisAnswer | null,
  compare: CompareAnswer | null,
  ends: { a: string; b: string },
): Marks {
  const known = (rows: readonly (number | null | undefined)[]) => rows.filter((row) => row != null);
  const arrow = (from?: number | null, to?: number | null): [number, number][] =>
    from == null || to == null ? [] : [[from, to]];
  if (tab === "word") {
    const near = known(word?.neighbours?.map(({ row }) => row) ?? []);
    return { chosen: word?.row ?? null, marked: near, lines: near.flatMap((row) => arrow(word?.row, row)), arrows: [] };
  }
  if (tab === "analogy") {
    const [a, b, c] = analogy?.rows ?? [];
    const [best, ...others] = analogy?.answers?.map(({ row }) => row) ?? [];
    return { chosen: best ?? null, marked: known([a, b, c, ...others]), lines: [], arrows: [...arrow(a, b), ...arrow(c, best)] };
  }
  if (tab === "sum") {
    const [best, ...others] = analogy?.answers?.map(({ row }) => row) ?? [];
    return { chosen: best ?? null, marked: known([...(analogy?.rows ?? []), ...others]), lines: [], arrows: [] };
  }
  if (tab === "models") return { chosen: null, marked: [], lines: [], arrows: [] };
  if (tab === "compare")
    return { chosen: null, marked: known(compare?.words.map(({ row }) => row) ?? []), lines: [], arrows: [] };
  const row = (end: string) => axis?.places?.find(({ word }) => word === end)?.row;
  const placed = known(axis?.places?.map(({ row }) => row) ?? []);
  return { chosen: null, marked: placed, lines: [], arrows: arrow(row(ends.a), row(ends.b)) };
}

interface WordGiven {
  word: string;
  answer: WordAnswer | null;
  error: Error | null;
  ignoreCase: boolean;
  /** How many neighbours are shown. */
  count: number;
  onCount: (count: number) => void;
  onChoose: (word: string) => void;
}

function Word({ word, answer, error, ignoreCase, count, onCount, onChoose }: WordGiven) {
  const { language, t } = useLanguage();
  const [text, setText] = useState(word);
  useLayoutEffect(() => setText(word), [word]);
  const number = (value: number) => value.toLocaleString(language, { maximumSignificantDigits: 4 });
  return (
    <>
      <WordInput
        label={t({ en: "Search for a word", zh: "搜尋詞" })}
        value={text}
        ignoreCase={ignoreCase}
        onInput={setText}
        onChoose={onChoose}
      />
      {error && <p role="alert">{error.message}</p>}
      {answer?.unknown && <Unknown words={answer.unknown} onReplace={(_, by) => onChoose(by)} />}
      {answer?.neighbours && (
        <>
          <dl class="explorer-facts">
            <dt>{t({ en: "Occurrences", zh: "出現次數" })}</dt>
            <dd>{answer.count == null ? "–" : answer.count.toLocaleString(language)}</dd>
            <dt>{t({ en: "Per million", zh: "每百萬詞" })}</dt>
            <dd>{answer.per_million == null ? "–" : number(answer.per_million)}</dd>
            <dt>{t({ en: "Rank", zh: "排名" })}</dt>
            <dd>{answer.row == null ? "–" : (answer.row + 1).toLocaleString(language)}</dd>
            <dt>{t({ en: "Norm", zh: "向量長度" })}</dt>
            <dd>{number(answer.norm!)}</dd>
          </dl>
          <h2>{t({ en: "Neighbours, by cosine", zh: "鄰近詞（依餘弦）" })}</h2>
          <Bars found={answer.neighbours} onChoose={onChoose} name={word} />{" "}
          <label>
            {t({ en: "Shown", zh: "顯示" })}{" "}
            <select value={count} onChange={(event) => onCount(Number(event.currentTarget.value))}>
              {COUNTS.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
        </>
      )}
    </>
  );
}

interface LegendGiven {
  groups: Groups;
  /** The group that stands out; null for all. */
  only: number | null;
  onOnly: (group: number | null) => void;
}

/** What the colours mean; a press on a group lets its words stand out. */
function Legend({ groups, only, onOnly }: LegendGiven) {
  const { t } = useLanguage();
  const names = groups.names.map(readableWord);
  if (groups.others) names.push(t({ en: `${groups.others} other values`, zh: `其他 ${groups.others} 種值` }));
  if (!names.length) return <p role="status">{t({ en: "No word is in a group.", zh: "沒有可分組的詞。" })}</p>;
  return (
    <div class="explorer-legend" role="group" aria-label={t({ en: "Colours", zh: "顏色" })}>
      {names.map((name, group) => (
        <button key={name} type="button" aria-pressed={only === group} onClick={() => onOnly(only === group ? null : group)}>
          <span style={{ background: `var(${colourOf(groups, group)})` }} />
          {name}
        </button>
      ))}
    </div>
  );
}

interface ListedGiven {
  rows: number[];
  words: Words;
  onChoose: (word: string) => void;
  onClose: () => void;
}

/** The words that a lasso, or the window, holds: the focus goes there, and Escape closes it. */
function Listed({ rows, words, onChoose, onClose }: ListedGiven) {
  const { t } = useLanguage();
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current!.focus(), [rows]);
  const [number, shown] = [rows.length.toLocaleString("en"), Math.min(LISTED, rows.length)];
  return (
    <section class="explorer-listed" onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <h2 ref={heading} tabIndex={-1}>
        {t({ en: `${number} words selected`, zh: `選取了 ${number} 個詞` })}
        {rows.length > LISTED && t({ en: `, the first ${shown} shown`, zh: `，顯示前 ${shown} 個` })}
      </h2>
      <CopyButton text={() => rows.map((row) => words.at(row)).join("\n")} label={t({ en: "Copy all", zh: "全部複製" })} />{" "}
      <button onClick={onClose}>{t({ en: "Close", zh: "關閉" })}</button>
      <p>
        {rows.slice(0, LISTED).map((row) => (
          <button key={row} class="explorer-word" onClick={() => onChoose(words.at(row))}>
            {readableWord(words.at(row))}
          </button>
        ))}
      </p>
    </section>
  );
}

function CopyButton({ text, label }: { text: () => string; label: string }) {
  const { t } = useLanguage();
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSaid(""), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () =>
    navigator.clipboard.writeText(text()).then(
      () => setSaid(t({ en: "Copied", zh: "已複製" })),
      () => setSaid(t({ en: "The browser refused", zh: "瀏覽器拒絕了" })),
    );
  return (
    <button aria-live="polite" onClick={() => void copy()}>
      {said || label}
    </button>
  );
}
