import { useEffect, useRef, useState } from "preact/hooks";
import { useLanguage } from "../i18n";
import { Figures, Formula } from "../math/Formula";
import { Network } from "./Network";
import { type Phase, stages } from "./stages";
import type { Beginning, Pass, State } from "./types";

const PHASES: Record<Phase, { en: string; zh: string }> = {
  forward: { en: "forward →", zh: "前向 →" },
  backward: { en: "← backward", zh: "← 反向" },
  update: { en: "update ↻", zh: "更新 ↻" },
};

interface Props {
  beginning: Beginning;
  state: State;
  pass: Pass;
  output: number;
}

/** The network and the lines of the derivation, one after the other. */
export function Derivation({ beginning, state, pass, output }: Props) {
  const { t } = useLanguage();
  const [at, setAt] = useState(0);
  const lines = stages(state, pass);
  const last = lines.length - 1;
  const go = (lines: number) => setAt((before) => Math.max(0, Math.min(before + lines, last)));
  useEffect(() => {
    const turn = (event: KeyboardEvent) => {
      if (event.target instanceof Element && event.target.closest("input, select, textarea")) return;
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowRight") go(1);
      else if (event.key === "ArrowLeft") go(-1);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", turn);
    return () => removeEventListener("keydown", turn);
  }, [last]);
  const list = useRef<HTMLOListElement>(null);
  const before = useRef(at);
  useEffect(() => {
    if (before.current !== at) list.current!.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    before.current = at;
  }, [at]);
  const line = lines[Math.min(at, last)]!;
  return (
    <section class="lab-derivation" aria-label={t({ en: "The derivation", zh: "推導" })}>
      <div class="lab-stage">
        <Network
          beginning={beginning}
          state={state}
          pass={pass}
          output={output}
          stage={line.key}
          phase={line.phase}
        />
        <div class="lab-steps">
          <button type="button" aria-disabled={at === 0} onClick={() => go(-1)}>
            ◀ {t({ en: "Back", zh: "上一步" })}
          </button>
          <span class="lab-count">
            {at + 1} / {lines.length}
          </span>
          <button type="button" aria-disabled={at === last} onClick={() => go(1)}>
            {t({ en: "Forward", zh: "下一步" })} ▶
          </button>
        </div>
        <p class="lab-hint">{t({ en: "The keys ← and → do the same.", zh: "也可以用 ← 與 → 鍵。" })}</p>
        <p class="spoken" aria-live="polite">
          {t(PHASES[line.phase])} {t(line.title)}
        </p>
      </div>
      <ol class="lab-lines" ref={list}>
        {lines.map(({ key, phase, title, symbols, values }, index) => (
          <li
            key={key}
            data-line={key}
            class={`lab-line lab-${phase} ${index > at ? "lab-ahead" : ""}`}
            aria-current={index === at ? "step" : undefined}
          >
            <button type="button" class="lab-title" onClick={() => setAt(index)}>
              <span class="lab-phase">{t(PHASES[phase])}</span> {t(title)}
            </button>
            <div class="lab-formulas">
              <Formula>{symbols}</Formula>
              <Figures>{values}</Figures>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}
