"""One training run of wordkin, for benchmarks/bench.py; the job comes as JSON, the result is the last line printed."""

import json
import sys
from pathlib import Path

import numpy as np

from wordkin import EncodedCorpus, Word2Vec


def main(job: dict[str, object]) -> None:
    corpus = EncodedCorpus.load(str(job["corpus"]))
    model = Word2Vec(**job["parameters"]).fit(corpus, progress=False)  # type: ignore[arg-type]
    path = job["vectors"]
    if path and str(path).endswith(".safetensors"):
        model.vectors.save(str(path))
    elif path:
        np.save(str(path), model.vectors.vectors)
        Path(f"{path}.words").write_text("\n".join(model.vectors.index_to_key), "utf-8")
    history = model.history
    print(
        json.dumps(
            {
                "seconds": sum(record.seconds for record in history),
                "kept_tokens": history[-1].kept_tokens,
                "losses": [record.loss for record in history],
            }
        )
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
