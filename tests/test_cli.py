"""The command line as a user meets it: its two streams, its exit status, and where it matters a process."""

import ast
import dataclasses
import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import click
import numpy as np
import pytest

from in_process import run
from wordkin import Word2Vec, WordVectors, cli, memory
from wordkin.config import parameters
from wordkin.corpus.encoder import encode as encoded
from wordkin.errors import FormatError, argument, spell_arguments
from wordkin.model.objective import pair_pass
from wordkin.storage import container
from wordkin.vectors.formats import native


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, sentences: list[list[str]]) -> Path:
    folder = tmp_path_factory.mktemp("model")
    text = folder / "text.txt"
    text.write_text("\n".join(" ".join(sentence) for sentence in sentences), "utf-8")
    output = folder / "model.safetensors"
    result = run("train", text, "-o", output, "--vector-size", 8, "--epochs", 5, "--threads", 1, "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)  # one document, nothing else
    assert document["words"] == 20
    assert document["report"]["tokens"] == 9600
    assert len(document["history"]) == 5
    assert document["config"]["vector_size"] == 8
    assert document["budget"]["tokens_per_second"] > 0
    assert document["budget"]["memory"] > document["budget"]["weights"] == 20 * 16 * 4 * 2
    assert document["verdict"]["tokens_per_word"] == 480
    (warning,) = document["warnings"]
    assert f"warning: {warning}\n" in result.stderr
    for line in document["verdict"]["text"]:
        assert f"\n{line}\n" in result.stderr
    assert "9,600 tokens" in result.stderr
    return output


def test_train_says_what_it_wrote(tmp_path, text):
    output = tmp_path / "model"
    result = run("train", text, "-o", output, "--epochs", 1, "--no-shrink-window", "--lower")
    assert result.returncode == 0
    assert result.stdout.startswith(f"wrote {output}: WordVectors(20 words, 100 dimensions), loss ")
    assert "\r" not in result.stderr  # no progress bar off a terminal
    assert WordVectors.load(output).config["shrink_window"] is False


def test_standard_input(tmp_path, text):
    result = run("train", "-", "-o", tmp_path / "model", "--epochs", 1, input=text.read_text("utf-8"))
    assert result.returncode == 0
    assert "kept 20 words" in result.stderr


def test_a_config_file_and_options_that_win(tmp_path, text):
    config = tmp_path / "config.toml"
    config.write_text("vector-size = 5\nepochs = 2\n")
    result = run("train", text, "-o", tmp_path / "model", "--config", config, "--epochs", 1, "--json")
    document = json.loads(result.stdout)
    assert (document["vector_size"], len(document["history"])) == (5, 1)


def test_encode_then_train_is_train(tmp_path, text):
    options = ["--vector-size", 8, "--epochs", 2, "--threads", 1]
    assert run("train", text, "-o", tmp_path / "straight", "--min-count", 2, *options).returncode == 0
    result = run("encode", text, "-o", tmp_path / "corpus", "--min-count", 2, "--json")
    assert json.loads(result.stdout)["report"]["words_kept"] == 20
    assert run("train", tmp_path / "corpus", "-o", tmp_path / "encoded", *options).returncode == 0
    assert (tmp_path / "straight").read_bytes() == (tmp_path / "encoded").read_bytes()
    refused = run("train", tmp_path / "corpus", "-o", tmp_path / "x", "--min-count", 3)
    assert refused.returncode == 2
    assert "--min-count was fixed when" in refused.stderr
    shown = run("info", tmp_path / "corpus")
    assert re.search(r"^  --min-count +2  default 5$", shown.stdout, re.MULTILINE)
    assert json.loads(run("info", tmp_path / "corpus", "--json").stdout)["kind"] == "corpus"


def messages_of(result):
    """The lines on standard error, without those that tell of compiling, which depend on what was run before."""
    return [line for line in result.stderr.splitlines() if not line.startswith("compiling")]


def test_warnings_before_training_and_verdict_after(tmp_path, text):
    said = messages_of(run("train", text, "-o", tmp_path / "model", "--epochs", 2, "--memory-budget", "1GB"))
    starts = ["1 source, ", "warning: the vocabulary has only 20 words", "memory: about 260 MB for 20 words", "time: "]
    starts += ["trained 2 epochs in ", "A word occurs 480 times on average", "The loss "]
    assert [line[: len(start)] for line, start in zip(said, starts, strict=False)] == starts
    assert ", within the budget of 1.00 GB: " in said[2]


def test_a_memory_budget_is_a_max_vocabulary(tmp_path, text):
    """Equal results are equal files, whichever of the two settled the vocabulary."""
    budget = memory.PROGRAM + memory.weights(12, 8) + memory.vocabulary(12, 12 * 5, 800)
    options = ["--vector-size", 8, "--epochs", 1, "--threads", 1]
    cut = run("train", text, "-o", tmp_path / "budget", "--memory-budget", budget, *options)
    assert cut.returncode == 0, cut.stderr
    assert (
        "--memory-budget 260 MB has room for 12 of 20 words of 8 dimensions; the rarer ones are dropped, with "
        in cut.stderr
    )
    assert run("train", text, "-o", tmp_path / "most", "--max-vocabulary", 12, *options).returncode == 0
    assert (tmp_path / "budget").read_bytes() == (tmp_path / "most").read_bytes()
    assert run("train", text, "-o", tmp_path / "all", *options).returncode == 0
    assert run("train", text, "-o", tmp_path / "roomy", "--memory-budget", "2GB", *options).returncode == 0
    assert (tmp_path / "roomy").read_bytes() == (tmp_path / "all").read_bytes()
    assert run("encode", text, "-o", tmp_path / "corpus").returncode == 0
    refused = run("train", tmp_path / "corpus", "-o", tmp_path / "x", "--memory-budget", budget, *options)
    assert refused.returncode == 2
    assert "was encoded with 20: encode the text again with --max-vocabulary 12" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


@pytest.fixture
def more(tmp_path: Path) -> Path:
    path = tmp_path / "more.txt"
    path.write_text("sea1 sea2 kelp sea3 krill sea4\n" * 200, "utf-8")
    return path


def test_going_on_from_a_model(tmp_path, model, more):
    output = tmp_path / "on"
    result = run("train", more, "-o", output, "--init", model, "--freeze", "old", "--epochs", 2, "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["initialization"] == {
        "source": str(model.resolve()),
        "known": 20,
        "known_in_text": 4,
        "new": 2,
        "frozen": 20,
    }
    assert f"beginning with the vectors of {model.resolve()}: 20 known words, 4 of them in the text" in result.stderr
    assert (document["words"], document["vector_size"], document["config"]["epochs"]) == (22, 8, 2)
    shown = run("info", output).stdout.splitlines()
    assert [line.split(":")[0] for line in shown[-7:]] == [
        *(f"run 1, epoch {epoch}" for epoch in range(1, 6)),
        *(f"run 2, epoch {epoch}" for epoch in range(1, 3)),
    ]


def test_going_on_takes_the_models_parameters_a_file_and_options_in_turn(tmp_path, model, more):
    (tmp_path / "config.toml").write_text("epochs = 2\nwindow = 3\n")
    options = ["--config", tmp_path / "config.toml", "--window", 2, "--init", model, "--json"]
    config = json.loads(run("train", more, "-o", tmp_path / "on", *options).stdout)["config"]
    assert (config["vector_size"], config["epochs"], config["window"]) == (8, 2, 2)


def test_going_on_with_an_encoded_corpus_is_going_on_with_its_text(tmp_path, model, more):
    assert run("encode", more, "-o", tmp_path / "corpus").returncode == 0
    for name, text in (("encoded", tmp_path / "corpus"), ("straight", more), ("piped", "-")):
        options = ["--init", model, "--threads", 1]
        result = run("train", text, "-o", tmp_path / name, *options, input=more.read_text("utf-8"))
        assert result.returncode == 0, result.stderr
    assert (tmp_path / "encoded").read_bytes() == (tmp_path / "straight").read_bytes()
    assert (tmp_path / "piped").read_bytes() == (tmp_path / "straight").read_bytes()


def test_words_to_freeze_in_a_file(tmp_path, here, model, more):
    (tmp_path / "words").write_bytes("\ufeffsea1\r\n\nland2\n".encode())
    result = here("train", more, "-o", tmp_path / "on", "--init", model, "--freeze", tmp_path / "words", "--json")
    assert json.loads(result.stdout)["initialization"]["frozen"] == 2


def test_beginning_with_input_vectors_alone(tmp_path, here, model, more):
    WordVectors.load(model).save(tmp_path / "vectors", include_output=False)
    result = here("train", more, "-o", tmp_path / "on", "--init-vectors", tmp_path / "vectors", "--json")
    document = json.loads(result.stdout)
    assert (document["words"], document["vector_size"]) == (6, 8)
    assert (document["initialization"]["known"], document["initialization"]["new"]) == (4, 2)


def test_encode_warns_too(tmp_path):
    (tmp_path / "text").write_text("t h e c a t\n" * 2000)
    result = run("encode", tmp_path / "text", "-o", tmp_path / "corpus", "--json")
    warnings = json.loads(result.stdout)["warnings"]
    assert [line[:20] for line in warnings] == ["100.0% of the tokens", "the line 't h e c a ", "the vocabulary has o"]
    assert result.stderr.count("warning: ") == 3


def test_similar(model):
    result = run("similar", model, "sea1", "land2", "-k", 3)
    lines = result.stdout.splitlines()
    assert lines[0] == "sea1"
    assert lines[4] == "land2"
    assert all("sea" in line for line in lines[1:4])
    document = json.loads(run("similar", model, "sea1", "-k", 3, "--json").stdout)
    assert [entry["word"] for entry in document["neighbours"]["sea1"]] == [line.split()[1] for line in lines[1:4]]


def test_analogy(model):
    vectors = WordVectors.load(model)
    wanted = vectors.most_similar(positive=["sea2", "land1"], negative=["sea1"], topn=2)
    document = json.loads(run("analogy", model, "sea1", "sea2", "land1", "-k", 2, "--json").stdout)
    assert [entry["word"] for entry in document["answers"]] == [word for word, _ in wanted]
    assert wanted[0][0] in run("analogy", model, "sea1", "sea2", "land1").stdout.splitlines()[0]


def test_info(model):
    result = run("info", model)
    assert result.stdout.startswith("model: 20 words, 8 dimensions, float32, with output vectors\n")
    assert "epoch 5: loss 0." in result.stdout
    lines = result.stdout.splitlines()
    begin = lines.index("configuration, where it differs from the defaults:")
    assert lines[begin + 1 : begin + 3] == ["  --vector-size  8  default 100", lines[begin + 2]]
    assert lines[begin + 2].startswith("epoch 1: ")
    assert json.loads(run("info", model, "--json").stdout)["config"]["vector_size"] == 8


def test_a_holdout_and_early_stopping(tmp_path, text):
    output = tmp_path / "model"
    options = ["--holdout", 0.1, "--early-stopping", "-o", output, "--epochs", 3, "--vector-size", 8, "--threads", 1]
    result = run("train", text, "--json", *options)
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["config"]["holdout"], document["config"]["early_stopping"]) == (0.1, 1)
    losses = [epoch["holdout_loss"] for epoch in document["history"]]
    assert 0 < losses[-1] < losses[0] < 0.69
    assert document["best_epoch"] == 3
    assert document["verdict"]["holdout_losses"] == losses
    assert "\nheld out: 80 sentences, 960 tokens, which are not trained on\n" in result.stderr
    line = f"epoch 3: loss {document['history'][2]['loss']:.4f}, held-out loss {losses[2]:.4f}"
    assert f"\n{line}\n" in result.stderr
    assert f"\n{line}: the vectors are of this epoch\n" in run("info", output).stdout
    assert json.loads(run("info", output, "--json").stdout)["history"][2]["holdout_loss"] == losses[2]
    patient = run("train", text, "--json", *options[:3], 7, *options[3:])
    assert json.loads(patient.stdout)["config"]["early_stopping"] == 7


def test_a_model_from_before_there_was_a_holdout(model, tmp_path):
    arrays, metadata = container.load_container(model, native.KIND, native.ARRAYS)
    for name in ("holdout", "early_stopping"):
        del metadata["config"][name]
    for epoch in metadata["history"]:
        del epoch["holdout_loss"]
    kind, _ = metadata.pop("kind"), metadata.pop("version")
    container.save_container(tmp_path / "old", kind, arrays, metadata)
    now, old = (run("info", path).stdout for path in (model, tmp_path / "old"))
    assert old.splitlines()[3:] == now.splitlines()[3:]
    assert "epoch 5: loss 0." in old


@pytest.mark.parametrize("label", [0, 1])
def test_explain_is_the_reference_with_the_models_numbers(here, model, label):
    result = here("explain", model, "sea1", "land2", "--label", label, "--learning-rate", 0.5, "--json")
    document = json.loads(result.stdout)
    vectors = WordVectors.load(model)
    v = vectors["sea1"].astype(np.float64)
    w = vectors.output_vectors[vectors.row("land2")].astype(np.float64)
    for name, value in pair_pass(v, w, label, 0.5)._asdict().items():
        np.testing.assert_array_equal(document[name], value)
    shown = here("explain", model, "sea1", "land2", "--label", label, "--learning-rate", 0.5).stdout
    for part in ("x = v·w", "y = σ(x)", "∂J/∂y", "∂y/∂x = y(1 − y)", "∂J/∂x = y − t", "∂J/∂v", "∂J/∂w", "J after"):
        assert part in shown
    assert f"{document['J_after']:.9g}" in shown


def test_explain_says_what_v_is_in_a_model_with_ngrams(here, model, tmp_path):
    (tmp_path / "text").write_text("seaside landmark seaside landscape\n" * 50)
    output = tmp_path / "ngrams.safetensors"
    small = ("--min-count", 1, "--sample", 0, "--vector-size", 4, "--bucket", 100, "--threads", 1)
    trained = here("train", tmp_path / "text", "--subwords", "3-4", *small, "-o", output)
    assert trained.returncode == 0, trained.stderr
    sentence = "v is the mean of the word's own row and the rows of its n-grams"
    assert sentence in here("explain", output, "seaside", "landmark").stdout
    assert sentence not in here("explain", model, "sea1", "land2").stdout
    document = json.loads(here("explain", output, "seaside", "landmark", "--json").stdout)
    assert document["subwords"]["min_n"] == 3
    np.testing.assert_array_equal(document["v"], WordVectors.load(output)["seaside"].astype(np.float64))
    unknown = here("explain", output, "seasides", "landmark")  # it has a vector, but training has no step for it
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "the word 'seasides' is not in the vocabulary; closest: seaside" in unknown.stderr


def test_explain_takes_the_models_own_rate(model):
    assert json.loads(run("explain", model, "sea1", "sea2", "--json").stdout)["learning_rate"] == 0.05


def test_explain_needs_output_vectors(model, tmp_path):
    WordVectors.load(model).save(tmp_path / "model", include_output=False)
    result = run("explain", tmp_path / "model", "sea1", "sea2")
    assert result.returncode == 1
    assert "holds no output vectors" in result.stderr


@pytest.mark.slow
def test_demo(tmp_path):
    result = run("demo", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    for word in ("list", "true", "read", "returns"):
        assert f"{word:>8}  →  " in result.stdout
    typed = [line for line in result.stdout.splitlines() if "wordkin-demo.safetensors" in line]
    assert len(typed) == 3
    for line in typed:  # what it says to type works as it stands
        assert subprocess.run(line, shell=True, cwd=tmp_path, check=False, capture_output=True).returncode == 0


BAD = [
    (["train", "none.txt", "-o", "m"], 1, "cannot read none.txt: no such file or directory"),
    (["train", "empty.txt", "-o", "m"], 1, "empty.txt holds no tokens"),
    (["train", "folder", "-o", "m"], 1, "the directory folder holds no files"),
    (["train", "one.txt", "-o", "m"], 1, "no word is left: --min-count 5 dropped"),
    (["train", "same.txt", "-o", "m"], 1, "only one word is left: the corpus repeats"),
    (["train", "latin.txt", "-o", "m"], 1, "latin.txt is not UTF-8 at byte 3 (0xe9)"),
    (["train", "good.txt", "-o", "none/m"], 1, "cannot write none"),
    (["train", "good.txt", "-o", "folder"], 1, "it is a directory"),
    (["train", "good.txt", "-o", "good.txt"], 1, "the output good.txt is also an input"),
    (["train", "good.txt", "none.txt", "-o", "old"], 1, "cannot read none.txt"),
    (["train", "latin.txt", "-o", "old"], 1, "not UTF-8"),
    (
        ["train", "good.txt", "-o", "m", "--window", "0"],
        2,
        "--window is 0; it must be a whole number from 1 to 1,000",
    ),
    (
        ["train", "good.txt", "-o", "m", "--learning-rate", "nan"],
        2,
        "--learning-rate is nan; it must be a number above",
    ),
    (["train", "good.txt", "-o", "m", "--epochs", "many"], 2, "'many' is not a valid integer"),
    (["train", "good.txt", "-o", "m", "--tokenizer", "letters"], 2, "'letters' is not one of"),
    (["train", "good.txt", "-o", "m", "--memory-budget", "2 apples"], 2, "it must be a size such as 2GB, 500MB"),
    (["train", "good.txt", "-o", "m", "--memory-budget", "9MB"], 2, "raise it to at least 261MB"),
    (["train", "good.txt"], 2, "Missing option '-o'"),
    (["train", "-o", "m"], 2, "Missing argument 'INPUT...'"),
    (["train", "old", "-o", "m", "--config", "none.toml"], 2, "cannot read the configuration none.toml"),
    (["train", "good.txt", "-o", "m", "--learning-rate", "10", "--epochs", "99"], 1, "training diverged in epoch"),
    (["train", "good.txt", "-o", "old", "--learning-rate", "10", "--sample", "0"], 1, "training diverged in"),
    (
        ["train", "good.txt", "-o", "m", "--early-stopping", "2"],
        2,
        "no sentences are held out: set --holdout, for instance to 0.01",
    ),
    (["train", "good.txt", "-o", "m", "--holdout", "0.9"], 2, "--holdout is 0.9; it must be a number from 0 to 0.5"),
    (
        ["train", "good.txt", "-o", "m", "--holdout", "0.00001"],
        1,
        "--holdout = 1e-05 of 50 sentences holds out nothing",
    ),
    (["train", "column.txt", "-o", "m", "--holdout", "0.1"], 1, "none of which has two words beside each other"),
    (["train", "column.txt", "-o", "m"], 1, "no word had another one beside it"),
    (["train", "x" * 300, "-o", "m"], 1, "cannot read 'xxx"),
    (["train", "good.txt", "-o", "y" * 300], 1, "cannot write yyy"),
    (["train", "good.txt", "-o", "m", "--init", "none"], 1, "cannot open none"),
    (
        ["train", "good.txt", "-o", "m", "--init", "input"],
        1,
        "input holds no output vectors, which going on needs: save it with them, or give it as --init-vectors",
    ),
    (["train", "good.txt", "-o", "m", "--init", "model", "--vector-size", "9"], 2, "--vector-size is 9, but "),
    (
        ["train", "good.txt", "-o", "m", "--init", "model", "--freeze", "none"],
        1,
        "words to freeze: cannot read none: No such",
    ),
    (["train", "good.txt", "-o", "m", "--init", "model", "--freeze", "empty.txt"], 1, "holds no words to freeze"),
    (["train", "good.txt", "-o", "m", "--init", "model", "--freeze", "seal.txt"], 1, "the word 'seal' is not in"),
    (
        ["train", "good.txt", "-o", "m", "--freeze", "old"],
        2,
        "--freeze keeps given vectors as they are, but none were given: give --init or --init-vectors, too",
    ),
    (["train", "good.txt", "-o", "m", "--init", "model", "--init-vectors", "model"], 2, "are both given"),
    (["train", "good.txt", "-o", "model", "--init", "model"], 2, "--init and --output are both model; give two files"),
    (["encode", "none.txt", "-o", "m"], 1, "cannot read none.txt"),
    (["fly"], 2, "No such command 'fly'"),
    (["similar", "none", "a"], 1, "cannot open none"),
    (["similar", "good.txt", "a"], 1, "good.txt is not a file of word vectors in a known format"),
    (["info", "good.txt"], 1, "if you know its format, give it with --from"),
    (["similar", "cut", "a"], 1, "cut is damaged at byte 0: it is not a wordkin file, or is truncated"),
    (["similar", "model", "saa1"], 1, "the word 'saa1' is not in the vocabulary; closest: sea1"),
    (["similar", "model", "sea1", "-k", "0"], 2, "0 is not in the range x>=1"),
    (["analogy", "model", "sea1", "sea2"], 2, "Missing argument 'C'"),
    (["explain", "model", "sea1", "sea2", "--learning-rate", "-1"], 2, "--learning-rate is -1"),
    (["info", "folder"], 1, "folder is not a file of word vectors"),
    (["demo", "-o", "none/demo"], 1, "cannot write none"),
    (["demo", "-o", "x.bin"], 1, "x.bin: the demo's model is a safetensors file, and .bin means word2vec-binary"),
    (["encode", "good.txt", "-o", "x.TXT"], 1, "an encoded corpus is a safetensors file, and .TXT means word2vec-text"),
    (["train", "good.txt", "-o", "x.dat"], 1, "its suffix belongs to no format; end the name in one of "),
    (["train", "good.txt", "-o", "-"], 2, "this cannot be written to standard output (-)"),
    (["encode", "good.txt", "-o", "-"], 2, "this cannot be written to standard output (-)"),
    (["demo", "-o", "-"], 2, "this cannot be written to standard output (-)"),
    (
        ["train", "good.txt", "-o", "m", "--checkpoint", "-"],
        2,
        "this cannot be written to standard output (-)",
    ),
    (
        ["evaluate", "model", "--similarity", "pairs", "--plot", "-"],
        2,
        "this cannot be written to standard output (-): name a file",
    ),
    (["convert", "model", "-"], 2, "standard output has no suffix to choose a format by: give --to FORMAT"),
    (
        ["convert", "model", "-", "--to", "glove", "--json"],
        2,
        "the vectors and --json would both go to standard output",
    ),
    (["convert", "model", "-", "--to", "numpy"], 1, "numpy is more than one file, and standard output is one"),
    (["train", "good.txt", "-o", "--lower"], 2, "--output needs a value, and --lower is the next option"),
    (["similar", "model", "sea1", "--from", "--fold"], 2, "'--fold' is not one of"),
    (["train", "-", "-", "-o", "m"], 2, "- is standard input, which can be read once"),
    (["train", "-", "-o", "m", "--init", "-"], 2, "- is standard input, which can be read once"),
    (["train", "good.txt", "-o", "m", "--from", "glove"], 2, "--from is the format of --init or --init-vectors"),
    (["train", "good.txt", "-o", "m", "--skip-bad-rows"], 2, "--skip-bad-rows is for --init or --init-vectors"),
    (["train", "--early-stopping", "good.txt", "-o", "m"], 2, "the number, too: --early-stopping 1 good.txt"),
    (
        ["train", "-o", "m", "--early-stopping", "1.5", "good.txt"],
        2,
        "'1.5' is not a whole number, but was taken for the value of",
    ),
    (["similar", "pairs", "tea"], 1, "pairs has one number per line, as a list of scores or counts"),
    (["evaluate", "model", "--similarity", "pairs", "pairs"], 2, "a second one: write --similarity pairs"),
    (["evaluate", "model", "--similarity=pairs", "pairs"], 2, "a second one: write --similarity pairs"),
    (["evaluate", "--similarity", "pairs", "pairs", "model"], 1, "a set needs an option before each file"),
    (["inspect", "model", "--similarity", "pairs", "pairs"], 2, "a second one: write --similarity pairs"),
    (["similar", "model", "sea1", "--from", "word2vec-text"], 1, "model is damaged at byte"),
    (["explain", "model", "sea1", "sea2", "--from", "gensim"], 1, "model is damaged at byte"),
]


@pytest.mark.parametrize(
    ("arguments", "status", "message"), BAD, ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, monkeypatch, here, model, arguments, status, message):
    (tmp_path / "empty.txt").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "one.txt").write_text("a b c")
    (tmp_path / "same.txt").write_text("x " * 50)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 au lait")
    (tmp_path / "column.txt").write_text("the\ncat\nsat\n" * 50)
    (tmp_path / "good.txt").write_text("the cat sat\n" * 50)
    (tmp_path / "old").write_text("precious")
    (tmp_path / "seal.txt").write_text("sea1\nseal\n")
    (tmp_path / "pairs").write_text("tea\tcup\t7.5\nsea1\tsea2\t9\n")
    WordVectors.load(model).save(tmp_path / "input", include_output=False)
    shutil.copy(model, tmp_path / "model")
    (tmp_path / "cut").write_bytes(model.read_bytes()[:-7])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    monkeypatch.chdir(tmp_path)
    result = here(*arguments)
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    errors = [line for line in result.stderr.splitlines() if line.startswith("wordkin: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "None" not in errors[0]
    assert not re.search(rf"\b({'|'.join(name for name in parameters() if '_' in name)})\b", errors[0])
    assert result.stderr.splitlines()[-1] == errors[0]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("given", ["{file}", "{folder}", "{folder}/*.txt", "simplecache::{file}"])
@pytest.mark.parametrize("command", ["train", "encode"])
def test_an_output_that_is_an_input_by_another_name_is_refused(text, here, command, given):
    pytest.importorskip("fsspec", reason="the extra fsspec is not installed")
    link, before = text.with_name("link"), text.read_bytes()
    link.symlink_to(text)
    result = here(command, given.format(file=text.as_uri(), folder=text.parent.as_uri()), "-o", link)
    assert (result.returncode, result.stderr) == (
        1,
        f"wordkin: the output {link} is also an input; choose another output\n",
    )
    assert text.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read and write everything")
def test_permissions(tmp_path, text):
    text.chmod(0)
    result = run("train", text, "-o", tmp_path / "model")
    assert (result.returncode, "Permission denied" in result.stderr) == (1, True)
    text.chmod(0o600)
    tmp_path.chmod(0o500)
    result = run("train", text, "-o", tmp_path / "model")
    tmp_path.chmod(0o700)
    assert (result.returncode, "Permission denied" in result.stderr) == (1, True)


def test_the_default_rate_of_many_epochs_is_shown_as_a_default(here, tmp_path, text):
    output = tmp_path / "model"
    assert here("train", text, "-o", output, "--epochs", 20, "--vector-size", 4).returncode == 0
    assert "--learning-rate" not in here("info", output).stdout
    shown = here("info", output, "--full").stdout
    assert re.search(r"^  --learning-rate +0.025 +default 0.025$", shown, re.MULTILINE)


def test_every_variant_trains_and_says_so(tmp_path, text):
    output = tmp_path / "model"
    options = ["--architecture", "cbow", "--output-layer", "hierarchical-softmax"]
    assert run("train", text, "-o", output, "--epochs", 1, *options).returncode == 0
    shown = run("info", output).stdout
    for part in ("architecture +cbow", "output-layer +hierarchical-softmax"):
        assert re.search(rf"^  --{part}  +default ", shown, re.MULTILINE)
    assert "--learning-rate" not in shown  # it is the default of the variant
    assert re.search(r"^  --learning-rate +0.05 +default 0.05$", run("info", output, "--full").stdout, re.MULTILINE)
    refused = run("explain", output, "sea1", "sea2")
    assert refused.returncode == 1
    assert "explain needs a model trained with negative-sampling" in refused.stderr


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("if name == 'wordkin.cli': raise KeyboardInterrupt", id="the import of the command line"),
        pytest.param("if name == 'numpy': exec('raise KeyboardInterrupt')", id="the import of NumPy"),
        pytest.param("if name == 'wordkin.cli.query': raise KeyboardInterrupt", id="the import of the command"),
        pytest.param("if name == 'wordkin.cli.query': exec('raise KeyboardInterrupt')", id="code from a string"),
    ],
)
def test_ctrl_c_anywhere_is_one_line_and_the_exit_status(tmp_path, where):
    """CPython would end a module's run by the signal where Ctrl-C met code that was compiled from a string."""
    (tmp_path / "interrupted.py").write_text(
        "import sys\nfrom wordkin.__main__ import main\n\n\nclass Finder:\n    @staticmethod\n"
        f"    def find_spec(name, *_):\n        {where}\n\n\nsys.meta_path.insert(0, Finder)\nmain()\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    result = subprocess.run(
        [sys.executable, "-m", "interrupted", "info", "none"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (130, "")
    assert result.stderr == "wordkin: interrupted; nothing was written\n"


def test_a_mistyped_command_is_suggested_among_all():
    result = run("simlar")
    assert result.returncode == 2
    assert "No such command 'simlar'. Did you mean 'similar'?" in result.stderr


def test_no_arguments_is_help():
    result = run()
    assert result.returncode == 2
    assert "Commands:" in result.stderr


def test_every_parameter_is_an_option():
    shown = run("train", "--help").stdout
    for name in parameters():
        assert f"--{name.replace('_', '-')}" in shown


@pytest.mark.parametrize("topn", [1, 19])
@pytest.mark.parametrize("words", [1, 20])
def test_a_closed_output_pipe_is_no_error(model, topn, words):
    reading, writing = os.pipe()
    os.close(reading)
    names = WordVectors.load(model).index_to_key[:words]
    command = [sys.executable, "-m", "wordkin", "similar", str(model), *names, "-k", str(topn)]
    result = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no /dev/full")
def test_results_that_cannot_be_printed_are_an_error(model):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "wordkin", "similar", str(model), "sea1"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "wordkin: cannot go on: No space left on device\n"


def test_results_are_utf8_whatever_the_terminal_prefers(tmp_path):
    (tmp_path / "text").write_text("山 河 日 月\n" * 50, "utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    command = [sys.executable, "-m", "wordkin"]
    for arguments in (["train", "text", "-o", "model", "--epochs", "1"], ["similar", "model", "山"]):
        result = subprocess.run(command + arguments, cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert result.returncode == 0, result.stderr
    assert "河" in result.stdout.decode("utf-8")


@pytest.mark.slow
def test_kernels_work_where_nothing_can_be_cached(tmp_path, text):
    """A read-only install and no home: Numba finds no place for its cache, and the run still works."""
    package = tmp_path / "site" / "wordkin"
    shutil.copytree(Path(sys.modules["wordkin"].__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "import numba.core.caching as c\n"
        "for locator in c.CacheImpl._locator_classes: locator.from_function = classmethod(lambda *_: None)\n"
        "import sys; sys.argv[0] = 'wordkin'; from wordkin.cli import main; main()"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment |= {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code, "train", text, "-o", tmp_path / "model", "--epochs", "1"]
    result = subprocess.run(
        [str(part) for part in command], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "compiling the training kernel for this CPU" in result.stderr
    assert "warning: compiled code cannot be kept" in result.stderr
    assert not list(package.rglob("*.nb?"))


@pytest.fixture
def evaluation_sets(tmp_path):
    (tmp_path / "analogies.txt").write_text(": one\nsea1 sea2 land1 land2\nsea1 sea2 land1 nowhere\n", "utf-8")
    (tmp_path / "pairs.tsv").write_text("sea1\tsea2\t9\nsea1\tland2\t1\nland3\tland4\t8\nland3\tsea9\t2\n", "utf-8")
    (tmp_path / "categories.txt").write_text(
        "".join(f"{kind}{i} {kind}\n" for kind in ("sea", "land") for i in range(5))
    )
    return tmp_path


def test_evaluate(monkeypatch, here, model, evaluation_sets):
    monkeypatch.chdir(evaluation_sets)
    sets = ("--analogies", "analogies.txt", "--similarity", "pairs.tsv", "--categorisation", "categories.txt")
    alone = here("evaluate", model, *sets)
    assert alone.returncode == 0, alone.stderr
    assert "pairs: Spearman's ρ" in alone.stdout
    assert "4 of 4" in alone.stdout
    assert "against the first" not in alone.stdout
    result = here("evaluate", model, model, *sets, "--json")
    document = json.loads(result.stdout)
    assert document["models"] == [str(model)] * 2
    analogies, similarity, categories = document["sets"]
    assert [score["asked"] for score in analogies["scores"]] == [1, 1]
    assert [score["skipped"] for score in analogies["scores"]] == [1, 1]
    assert similarity["scores"][0]["spearman"] > 0.5
    assert similarity["against_first"][0]["difference"] == 0
    assert categories["scores"][0]["purity"] == 1
    assert categories["against_first"] == []


def test_evaluate_says_what_is_wrong(monkeypatch, here, model, evaluation_sets):
    monkeypatch.chdir(evaluation_sets)
    nothing = here("evaluate", model)
    assert nothing.returncode == 2
    assert "give a set" in nothing.stderr
    missing = here("evaluate", model, "--similarity", "missing.tsv")
    assert missing.returncode == 1
    assert missing.stderr == "wordkin: cannot read missing.tsv: No such file or directory\n"
    unwritable = here("evaluate", model, "--similarity", "pairs.tsv", "--plot", "no/such/out.svg")
    assert unwritable.returncode == 1
    assert "out.svg" in unwritable.stderr


def test_evaluate_draws(monkeypatch, here, model, evaluation_sets):
    monkeypatch.chdir(evaluation_sets)
    pytest.importorskip("matplotlib", reason="the extra plot is not installed")
    result = here("evaluate", model, "--similarity", "pairs.tsv", "--plot", "out.svg")
    assert result.returncode == 0, result.stderr
    assert (evaluation_sets / "out.svg").stat().st_size > 1000
    result = here("evaluate", model, "--similarity", "pairs.tsv", "--plot", "out.xyz")
    assert result.returncode == 1
    assert "cannot draw out.xyz" in result.stderr
    assert "pairs: Spearman's ρ" in result.stdout  # a picture that fails loses no scores


def test_stability(here, text):
    options = ("--vector-size", 8, "--epochs", 3, "--threads", 1)
    result = here("stability", text, "--seeds", 3, "-k", 5, *options, "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["models"], document["topn"], len(document["words"])) == (3, 5, 20)
    assert 0.3 < document["overlap"] < 1  # a topic has ten words, nine of which are near
    bootstrap = here("stability", text, "--seeds", 2, "--bootstrap", "--words", "sea1, land2", *options)
    assert bootstrap.returncode == 0, bootstrap.stderr
    assert "of the 10 nearest neighbours are the same in two of 2 models" in bootstrap.stdout
    assert "least stable: " in bootstrap.stdout
    unknown = here("stability", text, "--seeds", 2, "--words", "lake", *options)
    assert unknown.returncode == 1
    assert "'lake' is not in the vocabulary" in unknown.stderr
    assert "model 1" not in unknown.stderr
    nothing = here("stability", text, "--words", " , ")
    assert nothing.returncode == 2
    assert "--words names no word" in nothing.stderr


def test_folded_words(here, model):
    assert here("similar", model, "SEA1").returncode == 1
    assert here("similar", model, "SEA1", "--fold").stdout == here("similar", model, "sea1").stdout
    by_product = here("analogy", model, "Sea1", "sea2", "land1", "--fold", "--method", "3cosmul", "-k", 1, "--json")
    found = WordVectors.load(model).analogy("sea1", "sea2", "land1", 1, method="3cosmul")
    assert [(answer["word"], answer["score"]) for answer in json.loads(by_product.stdout)["answers"]] == found


def test_the_known_words_are_answered_and_each_unknown_one_is_an_error(here, model):
    both = here("similar", model, "sea1", "saa1", "land2", "lend2", "saa1", "-k", 2)
    known = here("similar", model, "sea1", "land2", "-k", 2)
    assert (both.returncode, known.returncode) == (1, 0)
    assert both.stdout == known.stdout
    assert [line[:22] for line in both.stderr.splitlines()] == ["wordkin: the word 'saa", "wordkin: the word 'len"]
    document = json.loads(here("similar", model, "sea1", "saa1", "-k", 2, "--json").stdout)
    assert list(document["neighbours"]) == ["sea1"]
    (error,) = document["errors"]
    assert error["word"] == "saa1"
    assert "sea1" in error["closest"]


@pytest.mark.parametrize(
    ("arguments", "unknown"),
    [
        (["analogy", "saa1", "sea2", "lend1"], ["saa1", "lend1"]),
        (["explain", "saa1", "lend1"], ["saa1", "lend1"]),
        (["explain", "saa1", "saa1"], ["saa1"]),
    ],
)
def test_every_unknown_word_of_a_question_is_named(here, model, arguments, unknown):
    result = here(arguments[0], model, *arguments[1:])
    assert (result.returncode, result.stdout) == (1, "")
    assert [line.split("'")[1] for line in result.stderr.splitlines()] == unknown


def test_an_analogy_with_unknown_words_as_json(here, model):
    result = here("analogy", model, "saa1", "sea2", "lend1", "--json")
    document = json.loads(result.stdout)
    assert (result.returncode, document["answers"]) == (1, [])
    assert [error["word"] for error in document["errors"]] == ["saa1", "lend1"]


@pytest.fixture
def broken(tmp_path: Path, model: Path) -> Path:
    """The model with NaN in the input vector of sea1, and infinity in the output vector of land1."""
    stored = native.load(model)
    V, W = np.array(stored.input), np.array(stored.output)
    V[stored.vocabulary.rows["sea1"], 3] = np.nan
    W[stored.vocabulary.rows["land1"], 0] = np.inf
    path = tmp_path / "broken"
    native.save(path, dataclasses.replace(stored, input=V, output=W, norms=None))
    return path


NOT_FINITE = "wordkin: the vector of {!r} holds NaN or infinity, which no query can use; leave the word out"


def test_words_whose_vectors_are_not_finite_are_errors_and_others_are_answered(here, broken):
    warning = f"warning: {broken}: 1 row with NaN or infinity, the first belongs to 'sea1'; queries leave such rows out"
    result = here("similar", broken, "sea1", "saa2", "sea2", "-k", 30)
    known = here("similar", broken, "sea2", "-k", 30)
    assert (result.returncode, known.returncode) == (1, 0)
    assert result.stdout == f"sea2\n{known.stdout}"
    assert len(known.stdout.splitlines()) == 18
    assert "sea1" not in known.stdout
    assert messages_of(known) == [warning]
    lines = result.stderr.splitlines()
    assert lines[:2] == [warning, NOT_FINITE.format("sea1")]
    assert lines[2].startswith("wordkin: the word 'saa2' is not in the vocabulary; closest: sea2")
    assert len(lines) == 3
    document = json.loads(here("similar", broken, "sea1", "sea2", "--json").stdout)
    assert list(document["neighbours"]) == ["sea2"]
    message = NOT_FINITE.format("sea1").removeprefix("wordkin: ")
    assert document["errors"] == [{"message": message, "word": "sea1", "closest": []}]


@pytest.mark.parametrize(
    ("arguments", "bad"),
    [
        (["analogy", "sea1", "sea2", "sea3"], ["sea1"]),
        (["analogy", "sea1", "sea2", "sea1", "--method", "3cosmul"], ["sea1"]),
        (["explain", "sea1", "land1"], ["sea1", "land1"]),
        (["explain", "sea1", "sea1"], ["sea1"]),
        (["explain", "land1", "land1"], ["land1"]),
    ],
)
def test_every_word_of_a_question_whose_vector_is_not_finite_is_named(here, broken, arguments, bad):
    result = here(arguments[0], broken, *arguments[1:])
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines()[1:] == [NOT_FINITE.format(word) for word in bad]
    assert here("explain", broken, "land1", "sea1").returncode == 0  # the input vector of one, the output of the other


def test_a_text_file_with_nan_and_infinity(tmp_path, here):
    path = tmp_path / "v.txt"
    path.write_text("4 2\ncat 1 2\ndog 2 nan\nsea inf 3\nsky 2 4\n")
    warning = f"warning: {path}: 2 rows with NaN or infinity, the first belongs to 'dog'; queries leave such rows out"
    shown = here("info", path)
    assert shown.stdout.startswith("model: 4 words, 2 dimensions, float32, without output vectors")
    assert messages_of(shown) == [warning]
    result = here("similar", path, "dog", "cat", "sea")
    assert (result.returncode, result.stdout) == (1, "cat\n 1.0000  sky\n")
    assert messages_of(result) == [warning, *(NOT_FINITE.format(word) for word in ("dog", "sea"))]


def test_every_command_that_reads_vectors_can_skip_bad_rows(tmp_path, here, more):
    path, out = tmp_path / "v.txt", tmp_path / "out"
    path.write_text("4 2\nsea1 1 2\nsea2 2 0 1\nsea3 1 3\n 4 4\n")
    (tmp_path / "pairs").write_text("sea1\tsea3\t7\nsea1\tsea4\t2\n")
    train = ["train", more, "-o", out, "--to", "safetensors", "--epochs", 1, "--vector-size", 2]
    for arguments, printed in [
        (["similar", path, "sea1"], " 0.9899  sea3\n"),
        (["analogy", path, "sea1", "sea1", "sea1"], " 0.9899  sea3\n"),
        (["info", path], "model: 2 words, 2 dimensions"),
        (["evaluate", path, "--similarity", tmp_path / "pairs"], ""),
        (["convert", path, out, "--to", "glove"], f"wrote {out}: 2 words, 2 dimensions"),
        ([*train, "--init-vectors", path], f"wrote {out}: "),
    ]:
        refused = here(*arguments)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.splitlines()[-1].endswith("correct it, or leave such rows out (--skip-bad-rows)")
        done = here(*arguments, "--skip-bad-rows")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(printed)
        assert f"warning: {path}: 2 of 4 rows are bad and left out, the first is row 2" in done.stderr
    without_output = here("explain", path, "sea1", "sea3", "--skip-bad-rows")
    assert "holds no output vectors" in without_output.stderr


def test_words_that_the_output_cannot_hold_are_refused_before_training(tmp_path, here, more):
    text = [["ice floe", "sea1", "sea2"]] * 50
    model = Word2Vec(vector_size=4, epochs=1, threads=1, sample=0)
    model.fit(text).save(tmp_path / "model.safetensors")
    encoded(text, model.config).save(tmp_path / "corpus.safetensors")
    said = f"wordkin: cannot write {tmp_path / 'x.txt'}: the word 'ice floe' holds white space"
    for arguments in ([more, "--init", tmp_path / "model.safetensors"], [tmp_path / "corpus.safetensors"]):
        given = ["train", *arguments, "-o", tmp_path / "x.txt", "--epochs", 1, "--vector-size", 4, "--sample", 0]
        for substitute in ([], ["--space-as", " "]):
            refused = here(*given, *substitute)
            assert refused.returncode == 1
            assert refused.stderr.splitlines()[-1].startswith(said)
            assert "time: " not in refused.stderr
            assert not (tmp_path / "x.txt").exists()
        assert here(*given, "--space-as", "_").returncode == 0
        assert "ice_floe" in WordVectors.load(tmp_path / "x.txt")
        (tmp_path / "x.txt").unlink()


def test_many_unknown_words_are_named_in_part(tmp_path, here, model, text):
    (tmp_path / "words").write_text("\n".join(f"x{number}" for number in range(1500)))
    result = here("train", text, "-o", tmp_path / "m", "--init", model, "--freeze", tmp_path / "words")
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 11
    assert result.stderr.splitlines()[-1] == "wordkin: there are 1,490 more such words"
    stable = here("stability", text, "--words", "sea1,saa1,lend1")
    assert stable.returncode == 1
    assert [line.split("'")[1] for line in stable.stderr.splitlines() if "'" in line] == ["saa1", "lend1"]
    assert "model 1 of" not in stable.stderr


def test_long_vectors_are_cut_to_the_terminal(monkeypatch, here, text, tmp_path):
    output = tmp_path / "model"
    assert here("train", text, "-o", output, "--epochs", 1, "--vector-size", 40, "--quiet").returncode == 0
    monkeypatch.setenv("COLUMNS", "70")
    shown = here("explain", output, "sea1", "sea2").stdout.splitlines()
    cut = [line for line in shown if line.endswith(" more]")]
    assert len(cut) == 6
    assert max(map(len, cut)) <= 70
    for line in cut:
        numbers, left = re.search(r"\[(.*), … (\d+) more\]$", line).groups()
        assert len(numbers.split(", ")) + int(left) == 40
    monkeypatch.setenv("COLUMNS", "10")  # too narrow for anything: one number is shown
    assert re.search(r"v +=\ \[[^,]+, … 39 more\]\n", here("explain", output, "sea1", "sea2").stdout)
    full = here("explain", output, "sea1", "sea2", "--full").stdout
    assert "more]" not in full
    numbers = re.search(r"  v +=\ \[(.*)\]\n", full)[1].split(", ")
    np.testing.assert_allclose([float(number) for number in numbers], WordVectors.load(output)["sea1"], rtol=1e-4)
    assert here("info", output).stdout.splitlines()[1] == "most freq…"
    assert len(here("info", output, "--full").stdout.splitlines()[1].split()) == 12


def test_quiet_leaves_results_warnings_and_errors(tmp_path, here, text, model):
    loud = here("train", text, "-o", tmp_path / "loud", "--epochs", 1, "--threads", 1)
    quiet = here("train", text, "-o", tmp_path / "quiet", "--epochs", 1, "--threads", 1, "-q")
    assert quiet.returncode == 0
    assert quiet.stdout == ""
    assert [line.split(":")[0] for line in quiet.stderr.splitlines()] == ["warning"]
    assert len(loud.stderr.splitlines()) > 5
    assert (tmp_path / "loud").read_bytes() == (tmp_path / "quiet").read_bytes()
    assert here("convert", model, tmp_path / "x.txt", "--quiet").stdout == ""
    assert here("encode", text, "-o", tmp_path / "corpus", "--quiet").stdout == ""
    assert here("similar", model, "sea1", "--quiet").stdout == here("similar", model, "sea1").stdout
    assert here("similar", model, "saa1", "--quiet").stderr.startswith("wordkin: the word 'saa1'")
    document = json.loads(here("train", text, "-o", tmp_path / "m", "--epochs", 1, "--quiet", "--json").stdout)
    assert document["words"] == 20


def test_the_suffix_says_what_train_writes(tmp_path, here, text):
    options = ["--epochs", 1, "--vector-size", 4, "--threads", 1]
    straight = here("train", text, "-o", tmp_path / "m.safetensors", *options)
    assert "holds only the input vectors" not in straight.stderr
    wanted = WordVectors.load(tmp_path / "m.safetensors")
    for name, more, form in [
        ("m.bin", (), "word2vec-binary"),
        ("m.VEC", (), "fasttext-vec"),
        ("m.dat", ("--to", "glove"), "glove"),
    ]:
        result = here("train", text, "-o", tmp_path / name, *options, *more)
        assert result.returncode == 0, result.stderr
        assert result.stderr.startswith(f"warning: {tmp_path / name} holds only the input vectors, as every file in ")
        assert "--init cannot go on from it" in result.stderr
        found = WordVectors.load(tmp_path / name, form)
        assert list(found.index_to_key) == list(wanted.index_to_key)
        np.testing.assert_array_equal(found.vectors, wanted.vectors)
    refused = here("train", text, "-o", tmp_path / "n", "--init", tmp_path / "m.bin", *options)
    assert refused.returncode == 1
    assert "holds no output vectors, which going on needs" in refused.stderr
    begun = here("train", text, "-o", tmp_path / "n", "--init-vectors", tmp_path / "m.dat", "--from", "glove", *options)
    assert begun.returncode == 0, begun.stderr


def test_from_is_the_format_of_what_is_read(tmp_path, here):
    (tmp_path / "one").write_text("cat 1\ndog 2\nsea -3\n")
    refused = here("similar", tmp_path / "one", "cat")
    assert refused.stderr.rstrip().endswith("if they are vectors of one dimension, give --from glove")
    assert refused.returncode == 1
    option = ("--from", "glove")
    assert here("similar", tmp_path / "one", "cat", *option).stdout == " 1.0000  dog\n-1.0000  sea\n"
    assert here("analogy", tmp_path / "one", "cat", "dog", "sea", *option).returncode == 0
    assert here("info", tmp_path / "one", *option).stdout.startswith("model: 3 words, 1 dimension, float32, without")
    assert "holds no output vectors" in here("explain", tmp_path / "one", "cat", "dog", *option).stderr
    (tmp_path / "pairs").write_text("cat dog 2\ncat sea 1\ndog sea 1\n")
    scored = here("evaluate", tmp_path / "one", "--similarity", tmp_path / "pairs", *option)
    assert "3 of 3" in scored.stdout
    assert here("convert", tmp_path / "one", tmp_path / "two.bin", *option).returncode == 0


needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture
def piped(tmp_path):
    """Give the name of a pipe through which these bytes come."""
    threads = []

    def begin(content: bytes, name: str = "pipe") -> Path:
        path = tmp_path / name
        os.mkfifo(path)
        threads.append(threading.Thread(target=path.write_bytes, args=(content,)))
        threads[-1].start()
        return path

    yield begin
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


@needs_pipes
def test_models_come_through_pipes(tmp_path, here, model, text, piped):
    wanted = here("similar", model, "sea1")
    assert here("similar", piped(model.read_bytes(), "native"), "sea1").stdout == wanted.stdout
    assert here("convert", model, tmp_path / "m.txt").returncode == 0
    compressed = gzip.compress((tmp_path / "m.txt").read_bytes())
    assert here("similar", piped(compressed, "text"), "sea1").stdout == wanted.stdout
    for number, (command, more) in enumerate(
        [("analogy", ("sea1", "sea2", "land1")), ("info", ()), ("explain", ("sea1", "land1"))]
    ):
        pipe = piped(model.read_bytes(), f"pipe{number}")
        assert here(command, pipe, *more).stdout == here(command, model, *more).stdout
    pairs = piped(b"sea1 sea2 9\nsea1 land1 1\nland1 land2 8\n", "pairs")
    scored = here("evaluate", piped(model.read_bytes(), "scored"), "--similarity", pairs)
    assert "3 of 3" in scored.stdout
    assert here("convert", piped(model.read_bytes(), "converted"), tmp_path / "again.txt").returncode == 0
    assert (tmp_path / "again.txt").read_bytes() == (tmp_path / "m.txt").read_bytes()
    options = ("--epochs", 1, "--threads", 1)
    on = here("train", text, "-o", tmp_path / "on", "--init", piped(model.read_bytes(), "init"), "--json", *options)
    assert on.returncode == 0, on.stderr
    assert json.loads(on.stdout)["initialization"]["source"] == str(tmp_path / "init")
    assert f"beginning with the vectors of {tmp_path / 'init'}: " in on.stderr
    assert here("train", text, "-o", tmp_path / "straight", "--init", model, *options).returncode == 0
    assert (tmp_path / "on").read_bytes() == (tmp_path / "straight").read_bytes()


@needs_pipes
def test_a_copy_of_a_pipe_is_bounded_removed_and_has_the_pipes_name(tmp_path, monkeypatch, here, piped):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    wrong = here("similar", piped(b"2 3\ncat 1 2 3\n", "wrong"), "cat")
    assert wrong.returncode == 1
    assert wrong.stderr.startswith(f"wordkin: {tmp_path / 'wrong'} is damaged at byte ")
    twice = here("info", piped(b"2 2\ncat 1 2\ncat 3 4\n", "twice"))
    assert f"warning: {tmp_path / 'twice'}: 1 rows repeat an earlier word" in twice.stderr
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 80, 20))
    large = here("info", piped(b"cat 1 2 3\n" * 2, "large"))
    assert large.returncode == 1
    assert (
        f"more than 10 bytes come from {tmp_path / 'large'}, half of what is free in {tmp_path / 'temporary'}: set"
        in (large.stderr)
    )
    assert here("info", piped(b"cat 1 2 3\n", "small")).returncode == 0
    assert list((tmp_path / "temporary").iterdir()) == []


@needs_pipes
def test_a_pipe_too_large_for_the_disk_is_refused(here, piped):
    pipe = piped(gzip.compress(b"a 1 2\n" * 12_000_000))
    refused = here("info", pipe)
    assert refused.returncode == 1
    assert f"{pipe} decompresses to more than 50 times its size" in refused.stderr


@needs_pipes
def test_python_refuses_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FormatError, match="it is a pipe or a device, but a file of vectors is read"):
        WordVectors.load(tmp_path / "pipe")


def test_standard_input_is_a_model(model, tmp_path):
    wanted = run("similar", model, "sea1").stdout
    assert run("convert", model, tmp_path / "m.txt").returncode == 0
    text = (tmp_path / "m.txt").read_text("utf-8")
    assert run("similar", "-", "sea1", input=text).stdout == wanted
    assert run("similar", "/dev/stdin", "sea1", input=text).stdout == wanted
    wrong = run("info", "-", input="x y z")
    assert wrong.stderr.startswith("wordkin: standard input is not a file of word vectors")
    scored = run("evaluate", model, "--similarity", "-", input="sea1 sea2 9\nsea1 land1 1\nland1 land2 8\n")
    assert "standard-input: Spearman's ρ" in scored.stdout
    assert "standard input holds no output vectors" in run("explain", "-", "sea1", "sea2", input=text).stderr
    nothing = run("similar", "-", "sea1", input="")
    assert nothing.returncode == 1
    assert nothing.stderr.startswith("wordkin: standard input is empty, or was read before; ")
    twice = run("evaluate", "-", "-", "--similarity", model, input=text)
    assert twice.returncode == 1
    assert "standard input is empty, or was read before" in twice.stderr


@pytest.mark.parametrize("form", ["word2vec-text", "word2vec-binary", "safetensors"])
def test_vectors_go_to_standard_output(tmp_path, model, form):
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-m", "wordkin", "convert", str(model), "-", "--to", form]
    result = subprocess.run(command, cwd=tmp_path / "empty", capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert b"wrote standard output: 20 words, 8 dimensions, float32" in result.stderr
    assert list((tmp_path / "empty").iterdir()) == []
    assert run("convert", model, tmp_path / "file", "--to", form).returncode == 0
    assert result.stdout == (tmp_path / "file").read_bytes()


def every_command() -> list[click.Command]:
    return [cli.wordkin, *cli.wordkin.commands.values()]


def test_every_help_ends_with_examples_that_parse(here):
    here("--help")  # adds the commands
    assert len(every_command()) == 17
    for command in every_command():
        name = [] if command is cli.wordkin else [command.name]
        shown = here(*name, "--help").stdout
        assert command.examples
        ending = shown.rstrip().splitlines()[-len(command.examples) :]
        assert ending == [f"  {example}" for example in command.examples]
        for example in command.examples:
            *_, call = (part for part in example.split(" | ") if part.startswith("wordkin "))
            program, asked, *arguments = shlex.split(call)
            assert program == "wordkin"
            assert command is cli.wordkin or asked == command.name
            called = cli.wordkin.commands[asked]
            with called.make_context(asked, arguments) as context:
                assert context.params


def test_help_texts_are_not_capitalised_into_another_letter(here):
    shown = here("train", "--help").stdout
    assert re.search(r"--learning-rate FLOAT +η of the first step", shown)
    for command in every_command():
        for parameter in command.params:
            text = getattr(parameter, "help", None)
            if text is not None:
                assert not re.search("[Α-Ω]", text), text
                assert text[0].isupper() or not text[0].isascii() or text.startswith("t: "), text
                assert text.rstrip().endswith((".", "]")), text


def test_every_command_has_quiet_and_readers_of_vectors_have_from(here):
    here("--help")
    flags = {command.name: {flag for each in command.params for flag in each.opts} for command in every_command()[1:]}
    assert all({"-q", "--quiet"} <= of_command for of_command in flags.values())
    for option in ("--from", "--skip-bad-rows"):
        assert {name for name, of_command in flags.items() if option in of_command} == {
            *("similar", "analogy", "info", "explain", "evaluate", "inspect", "convert", "train"),
            *("drift", "documents", "neighbours"),
        }


def test_the_shell_completes():
    asked = {"_WORDKIN_COMPLETE": "bash_complete", "COMP_WORDS": "wordkin documents --weig", "COMP_CWORD": "2"}
    code = "import sys; sys.argv[:] = ['wordkin']; from wordkin.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **asked}, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "plain,--weighting\n", "")


def test_messages_name_parameters_only_by_the_function():
    """Else the command line would show Python's names, or Python the options."""
    names = "|".join([*(name for name in parameters() if "_" in name), "init_vectors", "round_tokens", "space_as"])
    left_out = ("config.py", "postprocessing.py")  # the help of the options, and what is asked from Python alone
    package = Path(cli.__file__).parents[1]
    for path in sorted(package.rglob("*.py")):
        if {"cli", "compat", "inspector"} & set(path.relative_to(package).parts) or path.name in left_out:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        prose |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "option"}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                text = node.value
                if " " in text.strip() and not text.startswith("\n"):
                    assert not re.search(rf"\b({names})\b|(?<![\w-])--(?!upgrade)[a-z]", text), (
                        f"{path.name}:{node.lineno}: {text}"
                    )


def test_how_messages_name_parameters(here):
    assert argument("min_count") == "min_count"
    assert argument("tokenizer", "words") == "tokenizer='words'"
    assert argument("format", "glove", option="--from") == "format='glove'"
    here("--help")
    with spell_arguments(cli._as_option):
        assert argument("min_count") == "--min-count"
        assert argument("tokenizer", "words") == "--tokenizer words"
        assert argument("lower", True) == "--lower"
        assert argument("lower", False) == "--no-lower"
        assert argument("resume", True) == "--resume"
        assert argument("format", "glove", option="--from") == "--from glove"
        assert argument("no_such", 1) == "no_such=1"
    assert argument("min_count", 5) == "min_count=5"


def test_a_file_may_have_the_name_of_a_standard_stream(tmp_path, monkeypatch, here, model):
    monkeypatch.chdir(tmp_path)
    assert here("convert", model, "./-", "--to", "safetensors").stdout.startswith(f"wrote {tmp_path / '-'}: 20 words")
    assert here("similar", "./-", "sea1").stdout == here("similar", model, "sea1").stdout
    assert here("convert", "./-", "./-", "--to", "glove").returncode == 0
    assert here("info", "./-").stdout.startswith("model: 20 words, 8 dimensions, float32, without output vectors")
