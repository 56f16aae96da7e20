"""Notebooks are run as people run them: by a kernel of their own."""

import doctest
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")
pytest.importorskip("matplotlib", reason="the extra plot is not installed")
pytest.importorskip("starlette", reason="the extra web is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the notebook's libraries
]


def cells_of(document: str) -> list[str]:
    """The examples of a document."""
    text = (ROOT / document).read_text("utf-8")
    return [example.source for example in doctest.DocTestParser().get_examples(text)]


def run(cells: list[str], folder: Path, monkeypatch) -> list[list[dict[str, object]]]:
    """Run cells in a fresh kernel, with the sources of this checkout; give the outputs of each."""
    from nbformat.v4 import new_code_cell, new_notebook

    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in notebook.cells]


def shown(outputs, kind: str) -> list[str]:
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]


def written(outputs) -> str:
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


def test_the_guide_to_notebooks(tmp_path, monkeypatch):
    guide = cells_of("docs/how-to/notebooks.md")
    (training,) = (place for place, cell in enumerate(guide) if ".fit(" in cell)
    pictures = [place for place, cell in enumerate(guide) if ".plot(" in cell]
    closing = guide.index("page.close()\n")
    results = ["neighbours", "model", "model.vectors", "model.history", "model.report"]
    outputs = run([*guide[:closing], "page", *results, *guide[closing:]], tmp_path, monkeypatch)
    assert "loss" in written(outputs[training])
    assert "IProgress" not in written(outputs[training])
    assert [len(shown(outputs[place], "image/png")) for place in pictures] == [1, 1]
    (frame,) = shown(outputs[closing], "text/html")
    assert frame.startswith('<iframe src="http://localhost:')
    for place, result in enumerate(results, closing + 1):
        (table,) = shown(outputs[place], "text/html")
        assert table.startswith("<table>"), result
    assert ">dog</td>" in shown(outputs[closing + 1], "text/html")[0]
