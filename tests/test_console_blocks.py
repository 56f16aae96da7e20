"""What the documents tell a shell to do is done, with small files of the names that they use."""

import gzip
import io
import random
import re
import shlex
import shutil
from pathlib import Path

import pytest

from documents import DOCUMENTS, FENCES, NOT_RUN, blocks_of, text_of, why_not_run
from in_process import run
from wordkin import Word2Vec

PAIRS = ["river bank", "man king", "woman queen", "cat dog", "sun moon", "list append", "read write", "string integer"]
PAIRS += ["error dictionary", "tuple set"]
WORDS = " ".join(PAIRS).split()
FEWER = {"--minutes 20": "--trials 2", "--minutes 10": "--trials 2", "--seeds 5": "--seeds 2"}
"""Options that a test exchanges, because they say how much to do."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file that the documents name as given."""
    folder, draw = tmp_path_factory.mktemp("files"), random.Random(1)
    lines = [" ".join(draw.choices(WORDS, k=8)) for _ in range(120)]
    text = "".join(f"{line}\n" for line in lines)
    texts = ("my-text.txt", "corpus.txt", "more.txt", "1990s.txt", "2020s.txt", "reviews.txt", "sessions.txt")
    for name in (*texts, "my-texts/a.txt", "week-2/a.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    (folder / "seen.txt").write_text(re.sub(r" \S*$", "", text, flags=re.MULTILINE), "utf-8")
    (folder / "poems.txt").write_text("山峰河日男女父\n" * 20, "utf-8")
    (folder / "reviews.tsv").write_text("stars\ttext\n" + "".join(f"5\t{line}\n" for line in lines), "utf-8")
    (folder / "more.jsonl").write_text("".join(f'{{"text": "{line}"}}\n' for line in lines), "utf-8")
    (folder / "columns.tsv").write_text("word\tkind\n" + "".join(f"{word}\tnoun\n" for word in WORDS), "utf-8")
    (folder / "wordsim353.tsv").write_text("".join(f"{pair} {len(pair)}\n" for pair in PAIRS), "utf-8")
    (folder / "questions-words.txt").write_text(": family\nman king woman queen\n", "utf-8")
    (folder / "reviews").mkdir()
    for name in ("my-texts/b.txt.gz", "reviews/a.txt.gz", "reviews-1.csv.gz"):
        (folder / name).write_bytes(gzip.compress((("text\n" if "csv" in name else "") + text).encode()))
    frames = pytest.importorskip("pandas", reason="pandas is not installed")
    frames.DataFrame({"text": lines}).to_parquet(folder / "reviews.parquet")
    model = Word2Vec(vector_size=100, min_count=1, epochs=1, threads=1).fit([line.split() for line in lines])
    for name in ("mine", "theirs", "small", "large", "model", "pretrained", "week-1", "wordkin-demo"):
        model.save(folder / f"{name}.safetensors")
    for name in (
        "mine.bin",
        "vectors.bin",
        "1990s.bin",
        "2020s.bin",
        "1990s-seed2.bin",
        "2020s-seed2.bin",
        "google.bin",
    ):
        model.vectors.save(folder / name)
    google = (folder / "google.bin").read_bytes()
    (folder / "GoogleNews-vectors-negative300.bin.gz").write_bytes(gzip.compress(google))
    shutil.copy(folder / "wordsim353.tsv", folder / "men.tsv")
    shutil.copy(folder / "wordsim353.tsv", folder / "pairs.tsv")
    return folder


def commands_of(document: str) -> list[str]:
    """The lines that a document tells a shell to do."""
    lines = [line for block in blocks_of(document, "sh") for line in block.splitlines()]
    lines += [line[2:] for block in blocks_of(document, "console") for line in block.splitlines() if line[:2] == "$ "]
    return [line for line in lines if line.strip() and not line.startswith("#")]


def expanded(line: str, folder: Path) -> list[str]:
    """The words of a command as a shell gives them to a program: patterns that are not quoted become files."""
    lexer = shlex.shlex(io.StringIO(line), posix=False, punctuation_chars="|<>;&")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        plain = shlex.split(word)[0]
        found = sorted(folder.glob(word)) if "*" in word and word == plain else []
        words += [path.relative_to(folder).as_posix() for path in found] or [plain]
    return words


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if commands_of(document)])
def test_what_the_documents_tell_a_shell_to_do(document, files, tmp_path):
    limits = pytest.importorskip("threadpoolctl", reason="threadpoolctl is not installed").threadpool_limits
    folder = shutil.copytree(files, tmp_path / "files")
    for line in commands_of(document):
        if why_not_run(line) is None:
            for longer, shorter in FEWER.items():
                line = line.replace(longer, shorter)
            program, *arguments = expanded(line, folder)
            assert program == "wordkin", f"give a reason in NOT_RUN, or run it: {line}"
            with limits(1):  # in matrices of this size BLAS would wait for its threads longer than compute
                done = run(*arguments, cwd=folder)
            assert done.returncode == 0, f"{line}\n{done.stderr}"


def test_words_are_those_that_a_shell_gives(tmp_path):
    for name in ("b.txt", "a.txt"):
        (tmp_path / name).touch()
    line = "wordkin train *.txt \"*.txt\" 'a b' no*.txt -o x   # *.txt is a comment"
    assert expanded(line, tmp_path) == ["wordkin", "train", "a.txt", "b.txt", "*.txt", "a b", "no*.txt", "-o", "x"]


def test_every_reason_is_needed():
    code = [line for document in DOCUMENTS for line in commands_of(document)]
    code += [
        re.sub(r"^>>> ", "", block, flags=re.M) for document in DOCUMENTS for block in blocks_of(document, "python")
    ]
    for pattern in NOT_RUN:
        assert any(re.search(pattern, lines, re.MULTILINE) for lines in code), pattern


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_code_escapes(document):
    text = text_of(document)
    fences = re.findall(r"^([ \t]*)```(.*)$", text, re.MULTILINE)
    assert {language for _, language in fences[::2]} <= FENCES
    assert {language for _, language in fences[1::2]} <= {""}
    assert not any(indented for indented, _ in fences)
    rest = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert not re.search(r"^~~~|<pre|<code", rest, re.MULTILINE)
    for line in re.findall(r"^(?: {4}|\t)\s*(\S.*)", rest, re.MULTILINE):  # formulas
        assert not re.match(r"(\$|>>>|wordkin|pip|python|import|from|scripts/\S+) |.*\w\w\(", line), line
