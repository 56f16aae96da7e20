import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import { useLanguage } from "../i18n";

/** A button that ends the run, once it has said what stays and was confirmed. */
export function Stop({ stopping }: { stopping: boolean }) {
  const { t } = useLanguage();
  const [asking, setAsking] = useState(false);
  const [failure, setFailure] = useState<Error>();
  const [sent, setSent] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const moved = useRef(false);
  useLayoutEffect(() => {
    if (moved.current) button.current?.focus();
    moved.current = true;
  }, [asking]);
  if (sent || stopping)
    return <span>{t({ en: "It stops once the chunks under way are finished.", zh: "進行中的區塊完成後就會停止。" })}</span>;
  if (!asking)
    return (
      <button ref={button} onClick={() => setAsking(true)}>
        {t({ en: "Stop …", zh: "停止……" })}
      </button>
    );
  return (
    <span class="training-stop" role="group" onKeyDown={(event) => event.key === "Escape" && setAsking(false)}>
      <span>
        {t({
          en: "What was learned so far becomes the model; with --checkpoint the run can also go on later.",
          zh: "目前學到的內容會成為模型；若有 --checkpoint，之後也可以接著訓練。",
        })}
      </span>{" "}
      <button
        ref={button}
        onClick={() =>
          call("stop").then(
            () => setSent(true),
            (error: Error) => setFailure(error),
          )
        }
      >
        {t({ en: "Stop and keep it", zh: "停止並保留" })}
      </button>{" "}
      <button onClick={() => setAsking(false)}>{t({ en: "Train on", zh: "繼續訓練" })}</button>
      {failure && <span role="alert">{failure.message}</span>}
    </span>
  );
}
