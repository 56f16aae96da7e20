"""Notebooks are run as people run them: by a kernel of their own."""

import doctest
import json
import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
RESULTS = ["neighbours", "model", "model.vectors", "model.history", "model.report"]
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")
pytest.importorskip("matplotlib", reason="the extra plot is not installed")
pytest.importorskip("starlette", reason="the extra web is not installed")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the notebook's libraries
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # of the event loop on Windows
]


TANG = "docs/tutorials/tang.ipynb"


def cells_of(document: str) -> list[str]:
    """The examples of a document, or the cells of a notebook."""
    text = (ROOT / document).read_text("utf-8")
    if document.endswith(".ipynb"):
        return [cell.source for cell in nbformat.reads(text, 4).cells if cell.cell_type == "code"]
    return [example.source for example in doctest.DocTestParser().get_examples(text)]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What each cell of the guide and of the notebook of the Tang poems gave: (source, outputs), in one fresh kernel.

    The notebook is left out where its text is not beside this checkout.
    """
    folder, poems = tmp_path_factory.mktemp("notebook"), SHARED / "tang.txt.xz"
    guide = cells_of("docs/how-to/notebooks.md")
    closing = guide.index("page.close()\n")
    cells = [*guide[:closing], "page", *RESULTS, *guide[closing:], *(cells_of(TANG) if poems.exists() else ())]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.MonkeyPatch.context() as patch:
        paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.setenv("WORDKIN_TANG", str(poems))
        nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [(cell.source, cell.outputs) for cell in notebook.cells]
    return outputs[: len(guide) + len(RESULTS) + 1], outputs[len(guide) + len(RESULTS) + 1 :]


def shown(outputs, kind: str) -> list[str]:
    return [output["data"][kind] for output in outputs if kind in output.get("data", {})]


def written(outputs) -> str:
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


def test_the_guide_to_notebooks(ran):
    guide, _ = ran
    (training,) = (outputs for source, outputs in guide if ".fit(" in source)
    assert "loss" in written(training)  # the bar
    assert "IProgress" not in written(training)
    pictures = [outputs for source, outputs in guide if ".plot(" in source]
    assert [len(shown(outputs, "image/png")) for outputs in pictures] == [1, 1]
    by_source = dict(guide)
    (frame,) = shown(by_source["page"], "text/html")
    assert frame.startswith('<iframe src="http://localhost:')
    for result in RESULTS:
        (table,) = shown(by_source[result], "text/html")
        assert table.startswith("<table>"), result
    assert ">dog</td>" in shown(by_source["neighbours"], "text/html")[0]


def test_the_tang_poems(ran):
    _, notebook = ran
    if not notebook:
        pytest.skip("the Tang poems are not beside this checkout (../shared/data)")
    answers = {source: "".join(shown(outputs, "text/plain")) for source, outputs in notebook}
    (mountains,) = (text for source, text in answers.items() if 'most_similar("山"' in source)
    assert {"峯", "峰"} <= set(mountains)
    (others,) = (written(outputs) for source, outputs in notebook if source.startswith("for character"))
    peaks, rivers, days = others.splitlines()
    assert "峯" in peaks
    assert set(rivers) & set("湟洮涇川淮汾津")
    assert set(days) & set("旦夕朝夜月")
    (mother,) = (text for source, text in answers.items() if 'negative=["男"]' in source)
    assert "母" in mother.split("\n")[0]
    assert sum(len(shown(outputs, "image/png")) for _, outputs in notebook) == 2


def test_the_lines_that_make_the_text_of_the_notebook(tmp_path, monkeypatch):
    (about,) = (cell.source for cell in nbformat.read(ROOT / TANG, 4).cells if "chinese-poetry" in cell.source)
    (tmp_path / "全唐诗").mkdir()
    poem = {"title": "靜夜思", "paragraphs": ["牀前看月光，疑是地上霜。", "舉頭望山月，低頭思故鄉。"]}
    (tmp_path / "全唐诗" / "poet.tang.0.json").write_text(json.dumps([poem]), "utf-8")
    monkeypatch.chdir(tmp_path)
    exec("\n".join(line.strip() for line in about.splitlines() if line.startswith("    ")), {})
    assert (tmp_path / "tang.txt").read_text("utf-8") == "牀前看月光\n疑是地上霜\n舉頭望山月\n低頭思故鄉"


def test_the_notebook_has_its_outputs_and_nothing_of_a_machine():
    notebook = nbformat.read(ROOT / TANG, 4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert [cell.source for cell in code if not cell.outputs] == [code[0].source]
    for cell in code:
        for output in cell.outputs:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"
    text = "\n".join(nbformat.writes(notebook).splitlines())
    assert not re.search(r"/(home|root|work|tmp|Users)/", text)
