"""The alias in sys.modules: only when asked, undone, and for programs as they are."""

import importlib
import importlib.metadata
import pickle
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import wordkin.compat
from wordkin.compat.gensim.fasttext import FastText, FastTextKeyedVectors
from wordkin.compat.gensim.keyedvectors import KeyedVectors
from wordkin.compat.gensim.phrases import Phrases
from wordkin.compat.gensim.word2vec import Word2Vec
from wordkin.errors import ConfigurationError

DOCUMENT = Path(__file__).parents[2] / "docs" / "from-gensim.md"
NAMES = """
import importlib
import inspect
from gensim import utils
from gensim.models import FastText, KeyedVectors, Phrases, Word2Vec
from gensim.models.fasttext import FastTextKeyedVectors
from gensim.models.phrases import FrozenPhrases
for one in (KeyedVectors, Word2Vec, FastText, FastTextKeyedVectors, Phrases, FrozenPhrases):
    print(*(name for name in dir(one) if not name.startswith("_")))
modules = "corpora downloader interfaces matutils models models.callbacks models.doc2vec models.fasttext"
modules += " models.keyedvectors models.phrases models.word2vec parsing parsing.porter parsing.preprocessing"
modules += " scripts.glove2word2vec similarities test.utils utils"
for module in modules.split():
    there = vars(importlib.import_module(f"gensim.{module}"))
    own = {name: value for name, value in there.items() if not name.startswith("_") and name != "logger"}
    own = {name: value for name, value in own.items() if not inspect.ismodule(value)}
    print(*(name for name, value in own.items() if getattr(value, "__module__", "gensim").startswith("gensim")))
"""
PROGRAM = """
import sys
import importlib.metadata
from gensim.models import Word2Vec, LdaModel
from gensim.models.word2vec import LineSentence
from gensim.models.callbacks import CallbackAny2Vec
from gensim.utils import simple_preprocess
model = Word2Vec([simple_preprocess(text) for text in sys.argv[1:]], vector_size=4, min_count=1, workers=1)
print(__name__, model.wv.index_to_key, importlib.metadata.version("gensim"), "gensim" in str(type(model.wv)))
"""


@pytest.fixture
def gensim():
    wordkin.compat.install("gensim")
    try:
        yield importlib.import_module("gensim")
    finally:
        wordkin.compat.uninstall("gensim")


def test_gensims_names_are_there_only_when_asked(gensim):
    from gensim.models import keyedvectors, word2vec  # type: ignore[import-not-found]

    assert word2vec.Word2Vec is gensim.models.Word2Vec is Word2Vec
    assert keyedvectors.KeyedVectors is KeyedVectors
    assert gensim.__version__ == importlib.metadata.version("gensim") == "4.4.0"
    wordkin.compat.install("gensim")  # again: nothing happens
    wordkin.compat.uninstall("gensim")
    assert not [name for name in sys.modules if name.partition(".")[0] == "gensim"]
    wordkin.compat.uninstall("gensim")


def test_what_wordkin_lacks_is_named(gensim):
    assert gensim.models.doc2vec.TaggedDocument(["a"], [1]).words == ["a"]
    for call in (gensim.models.LdaModel, gensim.corpora.Dictionary, gensim.models.Doc2Vec.load):
        with pytest.raises(ConfigurationError, match=r"wordkin has no .*: use gensim itself for it"):
            call()
    with pytest.raises(ConfigurationError, match=r"wordkin has no gensim\.downloader\.load: download the file"):
        importlib.import_module("gensim.downloader").load("glove-wiki-gigaword-50")
    with pytest.raises(ConfigurationError, match="wordkin has no AnnoyIndexer: most_similar takes any object"):
        importlib.import_module("gensim.similarities.annoy").AnnoyIndexer()
    with pytest.raises(ImportError, match=r"cannot import name 'Nothing' from 'gensim\.models' \(.*wordkin"):
        exec("from gensim.models import Nothing")
    with pytest.raises(AttributeError, match=r"wordkin has no gensim\.models\.Nothing"):
        _ = gensim.models.Nothing
    with pytest.raises(ModuleNotFoundError, match=r"wordkin has no module 'gensim\.models\.rpmodel'"):
        importlib.import_module("gensim.models.rpmodel")


def test_what_examples_use(gensim, tmp_path, monkeypatch):
    testing = importlib.import_module("gensim.test.utils")
    model = gensim.models.FastText(testing.common_texts, min_count=1, bucket=100, workers=1)
    path = testing.get_tmpfile("fasttext.model")
    model.save(path)
    assert gensim.models.FastText.load(path).wv["computation"].shape == (100,)
    with testing.temporary_file("text") as name:
        Path(name).write_text("the 0.5 1\ncat 2 3\n", "utf-8")
        script = importlib.import_module("gensim.scripts.glove2word2vec")
        assert script.glove2word2vec(name, tmp_path / "w2v.txt") == (2, 2)
    assert not Path(name).exists()
    assert gensim.models.KeyedVectors.load_word2vec_format(tmp_path / "w2v.txt")["cat"].tolist() == [2, 3]
    (tmp_path / "gensim" / "test" / "test_data").mkdir(parents=True)
    (tmp_path / "gensim" / "__init__.py").touch()
    data = tmp_path / "gensim" / "test" / "test_data" / "lee.cor"
    data.touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert testing.datapath("lee.cor") == str(data)
    with pytest.raises(ConfigurationError, match="none is test data of gensim, which is not here"):
        testing.datapath("none")


def test_a_gensim_that_is_there_already_is_named_and_comes_back(monkeypatch):
    real = ModuleType("gensim")
    monkeypatch.setitem(sys.modules, "gensim", real)
    with pytest.warns(UserWarning, match="gensim itself is imported already"):
        wordkin.compat.install("gensim")
    assert sys.modules["gensim"] is not real
    wordkin.compat.uninstall("gensim")
    assert sys.modules["gensim"] is real


def test_every_public_name_of_gensims_classes_and_modules_is_in_the_document(peer):
    named = set(re.findall(r"`(\w+)`", DOCUMENT.read_text("utf-8")))
    assert set(peer("gensim", NAMES).split()) <= named


@pytest.mark.usefixtures("gensim")
def test_every_name_in_the_document_is_there():
    for module, content in re.findall(r"^\| `(gensim\.[\w.]+)` \| (.*) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE):
        there = importlib.import_module(module)
        if isinstance(there, type):
            continue
        for name in re.findall(r"`(\w+)`", content):
            assert hasattr(there, name), f"{module}.{name}"
    there = vars(FastText([["a", "b"]], min_count=1, bucket=9)).keys() | set(dir(FastText)) | set(dir(Word2Vec))
    there |= set(dir(Phrases)) | set(dir(FastTextKeyedVectors)) | vars(FastTextKeyedVectors(1, 3, 6, 9)).keys()
    text = DOCUMENT.read_text("utf-8").partition("## Every name")[2].partition("| module |")[0]
    for line in re.findall(r"^\| (`.*`) \| same", text, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", line):
            assert name in there | {"syn1"}, name


def test_other_libraries_are_refused():
    with pytest.raises(ConfigurationError, match="wordkin has no names of 'numpy'; known: gensim, fasttext"):
        wordkin.compat.install("numpy")


PICKLE = """
import pickle, sys
from gensim.models import Word2Vec
model = Word2Vec([["a", "b", "c"]] * 9, vector_size=4, min_count=1, workers=1)
with open(sys.argv[1], "wb") as file:
    pickle.dump(model, file)
print(model.wv["a"].tolist())
"""


@pytest.mark.usefixtures("gensim")
def test_a_pickle_of_gensims_becomes_wordkins_objects(peer, tmp_path):
    vector = peer("gensim", PICKLE, tmp_path / "model.pkl")
    model = pickle.loads((tmp_path / "model.pkl").read_bytes())
    assert type(model) is Word2Vec
    assert str(model.wv["a"].tolist()) == vector.strip()
    model.train([["a", "b", "c"]] * 9, total_examples=9, epochs=2)
    assert model.wv.most_similar("a", topn=2)[0][0] in "bc"


def run(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "wordkin.compat", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, **options)


@pytest.mark.slow
def test_a_program_runs_as_it_is(tmp_path):
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    for result in (
        run("gensim", script, "One two two", "two three"),
        run("gensim", "-m", "program", "One two two", "two three", cwd=tmp_path),
    ):
        assert result.returncode == 0, result.stderr
        assert result.stdout == "__main__ ['two', 'one', 'three'] 4.4.0 True\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "usage: python -m wordkin.compat LIBRARY"),
        (("gensim", "-m"), "usage: python -m wordkin.compat LIBRARY"),
        (("numpy", "x.py"), "wordkin has no names of 'numpy'"),
        (("gensim", "absent.py"), "there is no program absent.py"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, message):
    result = run(*arguments)
    assert result.returncode == 1
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
