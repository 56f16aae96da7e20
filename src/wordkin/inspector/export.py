"""The explorer as a folder that any web server can serve: the page, and the model as files that the page reads."""

import json
from pathlib import Path

import numpy as np

from wordkin.errors import ConfigurationError
from wordkin.inspector import explorer, server
from wordkin.inspector.api import Inspected, model
from wordkin.inspector.security import PAGE_POLICY
from wordkin.storage import atomic, units

FULL = 32767
"""The integer for 1 in the vectors' files: unit vectors are written as int16."""

MOST_BYTES = 1 << 30
"""The largest number of bytes of vectors, which a browser reads at once."""

_BLOCK_WORDS = 1 << 16
_HEAD = (
    f'<meta http-equiv="content-security-policy" content="{PAGE_POLICY}" />\n'
    '    <meta name="wordkin-data" content="data/" />'
)


def export(inspected: Inspected, folder: Path) -> None:
    """Write the folder.

    Its ``data/`` has the answers of the API that never change (``status.json``, ``words``, ``plane``, the groups).
    The page computes the others from ``units`` (words, vector_size) int16, ``norms`` (words,) float32 and ``counts``
    (words,) float64, all little-endian. A vector that is not finite is written as 0.

    Raises:
        ConfigurationError: the vectors are too large for a browser.
        OutputError: the folder exists and is not empty, or cannot be written.
        WordkinError: the page was not built.
    """
    vectors = model(inspected)
    size = 2 * len(vectors) * vectors.vector_size
    if size > MOST_BYTES:
        raise ConfigurationError(
            f"the exported vectors would take {units.format_bytes(size)}, and a browser reads "
            f"{units.format_bytes(MOST_BYTES)} at most; export a model with fewer words"
        )
    page = {path: content for path, (content, _) in server.page_files().items()}
    html = page.pop("/").decode()
    status = server.status(inspected, {}) | {"training": False, "evaluation": False, "exported": True}
    with atomic.new_folder(folder) as target:
        data = target / "data"
        data.mkdir()
        for path, content in page.items():
            (target / path.removeprefix("/")).write_bytes(content)
        html = html.replace("<head>", f"<head>\n    {_HEAD}")
        (target / "index.html").write_text(html, encoding="utf-8")
        (data / "status.json").write_text(json.dumps(status, ensure_ascii=False), encoding="utf-8")
        (data / "words").write_bytes(explorer.words(inspected, {}))
        (data / "plane").write_bytes(explorer.plane(inspected, {}))
        (data / "norms").write_bytes(np.nan_to_num(vectors.norms).astype("<f4").tobytes())
        (data / "counts").write_bytes(vectors.vocabulary.counts.astype("<f8").tobytes())
        with (data / "units").open("wb") as file:
            for begin in range(0, len(vectors), _BLOCK_WORDS):
                block = np.nan_to_num(vectors.unit_vectors(slice(begin, begin + _BLOCK_WORDS)))
                file.write(np.rint(FULL * block).astype("<i2").tobytes())
        for number, by in enumerate(inspected.groupings.names):
            asked = {"by": by}
            (data / f"groups-{number}.json").write_text(json.dumps(explorer.groups(inspected, asked)), encoding="utf-8")
            (data / f"group_of-{number}").write_bytes(explorer.group_of(inspected, asked))
