interface Props {
  found: [string, number][];
  onWord: (word: string) => void;
}

/** Words with their cosines as bars; each leads to that word. */
export function Bars({ found, onWord }: Props) {
  return (
    <ol class="explorer-bars">
      {found.map(([word, cosine]) => (
        <li key={word}>
          <button type="button" class="explorer-word" onClick={() => onWord(word)}>
            {word}
          </button>
          <span class="explorer-bar">
            <span style={{ width: `${100 * Math.max(0, Math.min(1, cosine))}%` }} />
          </span>
          <span class="explorer-score" title={String(cosine)}>
            {cosine.toFixed(3).replace("-", "−")}
          </span>
        </li>
      ))}
    </ol>
  );
}
