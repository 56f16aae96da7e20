import { render } from "preact";
import { useState } from "preact/hooks";
import { call, type Status } from "./api";
import { Evaluation } from "./evaluation/Evaluation";
import { Explorer } from "./explorer/Explorer";
import { setLanguage, useLanguage } from "./i18n";
import { Lab } from "./lab/Lab";
import { usePolling } from "./poll";
import { useRoute } from "./route";
import "./style.css";
import { Training } from "./training/Training";

const VIEWS = [
  { name: "lab", title: { en: "Backpropagation", zh: "反向傳播" }, view: Lab, shown: (s: Status) => !s.exported },
  { name: "training", title: { en: "Training", zh: "訓練" }, view: Training, shown: (s: Status) => s.training },
  { name: "explorer", title: { en: "Explorer", zh: "探索" }, view: Explorer, shown: (s: Status) => s.model !== null },
  { name: "evaluation", title: { en: "Evaluation", zh: "評估" }, view: Evaluation, shown: (s: Status) => s.evaluation },
] as const;

function Page() {
  const { language, t } = useLanguage();
  const { view: chosen } = useRoute();
  const [status, setStatus] = useState<Status>();
  const trouble = usePolling(
    async (signal) => {
      setStatus(await call<Status>("status", {}, signal));
      return false;
    },
    0,
    [],
  );
  if (!status) return trouble && <p role="alert">{trouble.failure.message}</p>;
  const views = VIEWS.filter(({ shown }) => shown(status));
  const { view: View } = views.find(({ name }) => name === chosen) ?? views[0]!;
  return (
    <>
      <header>
        <a class="brand" href="#">
          wordkin
        </a>
        <nav>
          {views.map(({ name, title, view }) => (
            <a href={`#${name}`} aria-current={view === View ? "page" : undefined}>
              {t(title)}
            </a>
          ))}
        </nav>
        <button class="language" onClick={() => setLanguage(language === "en" ? "zh-Hant" : "en")}>
          {language === "en" ? "中文" : "English"}
        </button>
      </header>
      <main>
        <View status={status} />
      </main>
    </>
  );
}

render(<Page />, document.getElementById("page")!);
