import { useEffect, useRef } from "preact/hooks";
import type { Status } from "../api";
import { useLanguage } from "../i18n";
import { goTo, useRoute } from "../route";
import type { Beginning } from "./types";

/** Which network is shown: each choice is part of the link. */
export function Choices({ status, beginning }: { status: Status; beginning: Beginning }) {
  const { t } = useLanguage();
  const { parameters } = useRoute();
  const { state, source, output_layers: layers } = beginning;
  const cbow = state.architecture === "cbow";
  const choose = (changes: Record<string, string>) => goTo("lab", { ...Object.fromEntries(parameters), ...changes });
  const chosen = (form: HTMLFormElement) =>
    choose(Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()])));
  return (
    <form
      class="lab-choices"
      onSubmit={(event) => {
        event.preventDefault();
        chosen(event.currentTarget);
      }}
    >
      <label>
        {t({ en: "network", zh: "網路" })}
        <select value={source} onChange={(event) => goTo("lab", { source: event.currentTarget.value })}>
          {status.model?.has_output_vectors && <option value="model">{status.model.name}</option>}
          <option value="example">{t({ en: "the four-word example", zh: "四個詞的例子" })}</option>
          <option value="corpus">{t({ en: "a text, window by window", zh: "一段文本，逐窗訓練" })}</option>
        </select>
      </label>
      <label>
        {t({ en: "input layer", zh: "輸入層" })}
        <select value={state.architecture} onChange={(event) => choose({ architecture: event.currentTarget.value })}>
          <option value="skipgram">skip-gram</option>
          <option value="cbow">CBOW</option>
        </select>
      </label>
      {cbow && (
        <label>
          {t({ en: "gradient", zh: "梯度" })}
          <select value={state.cbow_gradient} onChange={(event) => choose({ gradient: event.currentTarget.value })}>
            <option value="exact">{t({ en: "exact (divided)", zh: "精確（除以詞數）" })}</option>
            <option value="word2vec">{t({ en: "word2vec.c (not divided)", zh: "word2vec.c（不除）" })}</option>
          </select>
        </label>
      )}
      <label>
        {t({ en: "output layer", zh: "輸出層" })}
        <select
          value={state.output_layer}
          disabled={layers.length === 1}
          onChange={(event) => choose({ layer: event.currentTarget.value })}
        >
          {layers.map((layer) => (
            <option value={layer}>
              {layer === "negative-sampling"
                ? t({ en: "negative sampling", zh: "負採樣" })
                : t({ en: "hierarchical softmax", zh: "階層式 softmax" })}
            </option>
          ))}
        </select>
      </label>
      {source !== "corpus" && (
        <>
      <label>
        {cbow ? t({ en: "context words", zh: "上下文詞" }) : t({ en: "input word", zh: "輸入詞" })}
        <Words name="in" value={beginning.inputs.join(" ")} beginning={beginning} required />
      </label>
      <label>
        {t({ en: "positive", zh: "正例" })}
        <Words name="out" value={beginning.output} beginning={beginning} required />
      </label>
      {state.output_layer === "negative-sampling" && (
        <label>
          {t({ en: "negatives", zh: "負例" })}
          <Words name="not" value={beginning.negatives.join(" ")} beginning={beginning} />
        </label>
      )}
      <datalist id="lab-words">
        {(source === "example" ? beginning.example_words : (status.model?.examples ?? [])).map((word) => (
          <option value={word} />
        ))}
      </datalist>
      <button type="submit">{t({ en: "Show", zh: "顯示" })}</button>
        </>
      )}
    </form>
  );
}

interface Field {
  name: string;
  value: string;
  beginning: Beginning;
  required?: boolean;
}

/** A field that is filled anew at each beginning, and keeps the focus. */
function Words({ name, value, beginning, required }: Field) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current!.value = value;
  }, [beginning]);
  return <input ref={field} name={name} list="lab-words" required={required} />;
}
