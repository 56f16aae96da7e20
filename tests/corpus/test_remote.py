"""Text in a store is what a copy of it on this machine is; what a store refuses is one line without secrets."""

import bz2
import functools
import gzip
import lzma
import sys
import threading
import traceback
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wordkin import Checkpoint, CorpusError, EncodedCorpus, MissingPackageError, TrainingConfig, Word2Vec
from wordkin.corpus import reading, remote
from wordkin.corpus.encoder import encode
from wordkin.corpus.remote import RemoteFile
from wordkin.errors import pip_install
from wordkin.training.ray import shards

ALL = TrainingConfig(min_count=1)


@pytest.fixture
def store():
    """A store in this process's memory, ``memory://``."""
    fsspec = pytest.importorskip("fsspec", reason="the extra fsspec is not installed")
    memory = fsspec.filesystem("memory")
    yield memory
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture
def slow(store):  # noqa: ARG001 (its content is what this one shows)
    """The same as ``slow://``, which gives few bytes at a time and remembers what it has said of files."""
    import fsspec
    from fsspec.implementations.memory import MemoryFileSystem

    class Slow(MemoryFileSystem):
        protocol = "slow"
        knows_sizes = True
        step = 7  # bytes that it gives at a time
        most = sys.maxsize  # bytes that it gives of a file
        refusal = None  # what it raises where it is read
        places: list[int] = []  # noqa: RUF012 (of the bytes that were read)
        said: dict[str, dict] = {}  # noqa: RUF012

        @classmethod
        def _strip_protocol(cls, path):
            return super()._strip_protocol(path.replace("slow://", "memory://"))

        def info(self, path, **options):
            about = self.said.setdefault(path, super().info(path, **options))
            return about if self.knows_sizes else {**about, "size": None}

        def invalidate_cache(self, _path=None):
            self.said.clear()

        def open(self, path, *arguments, **options):
            return Reader(super().open(path, *arguments, **options))

    class Reader:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def read(self, size):
            if Slow.refusal:
                raise Slow.refusal
            begin = self.file.tell()
            piece = self.file.read(max(0, min(size, Slow.step, Slow.most - begin)))
            Slow.places += range(begin, begin + len(piece))
            return piece

    fsspec.register_implementation("slow", Slow, clobber=True)
    return Slow


def same(one: EncodedCorpus, other: EncodedCorpus) -> bool:
    return (
        one.ids.tolist() == other.ids.tolist()
        and one.sentence_offsets.tolist() == other.sentence_offsets.tolist()
        and one.vocabulary.words == other.vocabulary.words
        and one.report == other.report
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/text.txt.gz", True),
        ("hdfs:///text", True),
        ("file:///C:/text.txt", True),
        ("simplecache::s3://bucket/text", True),
        ("zip://*.txt::texts.zip", True),
        (r"C:\text.txt", False),
        ("C://text.txt", False),
        ("text://", True),
        ("a/b://c", False),
        ("./s3://bucket", False),
        ("ab::cd", False),
        ("https://example.org is\na site", False),
        ("-", False),
        ("", False),
    ],
)
def test_what_is_a_url(text, expected):
    assert remote.is_url(text) is expected


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ftp://me:secret@host/text", "ftp://me:***@host/text"),
        ("ftp://me:se/cr@et@host/text", "ftp://me:***@host/text"),
        ("s3://key:secret@bucket/text", "s3://key:***@bucket/text"),
        ("https://token@host/text", "https://***@host/text"),
        ("https://host:8080/a@b", "https://host:8080/a@b"),
        ("https://host/text?signature=secret", "https://host/text?…"),
        ("no GET of 'http://host/text?a=b', sorry", "no GET of 'http://host/text?…', sorry"),
        ("s3://bucket/part-?.txt", "s3://bucket/part-?.txt"),
        ("abfs://container@account/text", "abfs://container@account/text"),
    ],
)
def test_secrets_are_not_shown(url, shown):
    assert remote.without_secrets(url) == shown


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=lambda f: f.__module__)
def test_a_url_gives_the_result_of_a_local_copy(store, slow, text, compress):
    path = text.with_name("copy")
    path.write_bytes(compress(text.read_bytes()))
    store.pipe("/corpora/text", path.read_bytes())
    wanted = encode(path, ALL)
    for url in ("memory://corpora/text", "slow://corpora/text", path.as_uri()):
        assert same(encode(url, ALL), wanted)
    slow.knows_sizes = False
    assert same(encode("slow://corpora/text", ALL), wanted)


def test_folders_and_patterns_are_those_of_local_paths(store, tmp_path):
    for name in ("a/b.txt", "a.txt", "a/c/d.gz", "a/.hidden", ".git/e.txt", "a-1.txt", "[x].txt"):
        data = f"{name} in {name}".encode()
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
        store.pipe(f"/texts/{name}", data)
    for pattern in ("", "/a", "/a.txt", "/*.txt", "/**/*.txt", "/a*", "/?.txt", "/[x].txt"):
        wanted = [path.relative_to(tmp_path).as_posix() for path in reading.expand([f"{tmp_path}{pattern}"])]
        found = reading.expand([f"memory://texts{pattern}"])
        assert [file.path.removeprefix("/texts/") for file in found] == wanted
        assert same(encode(found, ALL), encode(f"{tmp_path}{pattern}", ALL))
    assert [str(file) for file in reading.expand(["memory://texts/a"])] == [
        "memory:///texts/a/b.txt",
        "memory:///texts/a/c/d.gz",
    ]


def test_the_command_line_takes_several_and_writes_the_same_bytes(store, here, text, tmp_path):
    store.pipe("/text.gz", gzip.compress(text.read_bytes()))
    options = ("--vector-size", 8, "--epochs", 1, "--threads", 1)
    assert here("train", text, text, "-o", tmp_path / "local", *options).returncode == 0
    result = here("train", "memory://text.gz", text, "-o", tmp_path / "remote", *options)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "remote").read_bytes() == (tmp_path / "local").read_bytes()
    assert here("encode", "memory://text.gz", "-o", tmp_path / "corpus").returncode == 0
    assert same(EncodedCorpus.load(tmp_path / "corpus"), encode(text, TrainingConfig()))


def test_nothing_is_written_to_a_url(store, here, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = here("encode", text, "-o", "memory://corpus")
    assert result.returncode == 1
    assert result.stderr.startswith("wordkin: cannot write memory:")
    assert not store.store


def test_a_run_on_a_url_goes_on_from_the_checkpoint_of_a_run_on_a_local_copy(store, text, tmp_path):
    store.pipe("/text", text.read_bytes())
    settings = {"vector_size": 8, "epochs": 2, "threads": 1}
    whole = Word2Vec(**settings).fit(text)

    def interrupt(_record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Word2Vec(**settings).fit(text, on_epoch_end=interrupt, checkpoint=Checkpoint(tmp_path / "run", every=0))
    resumed = Word2Vec(**settings).fit("memory://text", checkpoint=Checkpoint(tmp_path / "run", resume=True))
    assert resumed.vectors.vectors.tobytes() == whole.vectors.vectors.tobytes()


def test_urls_in_text_are_not_opened(monkeypatch):
    monkeypatch.setattr(remote, "find_files", lambda url: pytest.fail(f"opened {url}"))
    lines = ["https://example.org/a", "s3://bucket/b"]
    assert encode(lines, TrainingConfig(min_count=1, tokenizer="whitespace")).vocabulary.words == lines
    with pytest.raises(CorpusError, match="which would train on its letters"):
        encode(lines, ALL)


@pytest.mark.parametrize("number", [1, 2, 3, 11])
def test_parts_equal_those_of_a_local_copy_and_fetch_little_more(slow, store, tmp_path, monkeypatch, number):
    for name, size in (("_READ_AHEAD", 16), ("PIECE_BYTES", 500), ("GLANCE_BYTES", 16)):
        monkeypatch.setattr(remote, name, size)
    path = tmp_path / "text"
    path.write_bytes(b"a\n" + b"BZh begins a bzip2 file, and this line\n" * 30 + b"the last line has no end")
    store.pipe("/text", path.read_bytes())
    files = reading.expand(["slow://text"])
    local, there = (reading.parts(sources, number, least=1) for sources in ([path], files))
    assert [(part.begin, part.end) for part in there] == [(part.begin, part.end) for part in local]
    for one, other in zip(local, there, strict=True):
        assert shards.count_words(one, ALL).counts.tolist() == shards.count_words(other, ALL).counts.tolist()
    slow.step, part = 1000, there[-1]
    slow.places.clear()
    shards.count_words(part, ALL)
    assert min(slow.places) >= part.begin - 1
    assert list(dict.fromkeys(slow.places))[-1] == path.stat().st_size - 1
    slow.places.clear()
    shards.count_words(there[0], ALL)
    assert max(slow.places) < (there[0].end or path.stat().st_size) + 100


def test_files_that_are_compressed_or_of_unknown_size_are_not_cut(slow, store):
    store.pipe("/text", b"a b\n" * 100)
    store.pipe("/text.gz", gzip.compress(bytes(range(256)) * 100))
    packed, plain = reading.expand(["slow://text.gz", "slow://text"])
    assert reading.parts([packed], 8, least=1) == [reading.Part(packed)]
    assert len(reading.parts([plain], 8, least=1)) == 8
    slow.knows_sizes = False
    unknown = reading.expand(["slow://text"])
    assert reading.parts(unknown, 8, least=1) == [reading.Part(unknown[0])]
    assert shards.count_words(reading.Part(unknown[0]), ALL).counts.tolist() == [100, 100]


def test_without_the_extra(monkeypatch):
    for name in ("fsspec", "fsspec.core"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPackageError) as caught:
        encode("s3://key:secret@bucket/text", ALL)
    assert str(caught.value) == (
        f"s3://key:***@bucket/text needs fsspec, on every machine that reads it: {pip_install('fsspec')}"
    )


def test_without_the_package_of_a_store():
    fsspec = pytest.importorskip("fsspec", reason="the extra fsspec is not installed")
    fsspec.register_implementation("absent", "no_such_package.Store", errtxt="Install no_such_package", clobber=True)
    with pytest.raises(MissingPackageError, match=r"^absent://text needs another package: Install no_such_package$"):
        encode("absent://text", ALL)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://none", "cannot read memory://none: no such file or directory; check the URL, the connection"),
        ("memory://none/*.txt", r"cannot read memory://none/\*.txt: it stands for no file; check it, and quote"),
        ("memory://empty", "cannot read memory://empty: it stands for no file"),
        ("nowhere://text", "cannot read nowhere://text: Protocol not known: nowhere; check the URL"),
    ],
)
def test_urls_without_files(store, url, message):
    store.mkdir("/empty")
    with pytest.raises(CorpusError, match=f"^{message}") as caught:
        encode(url, ALL)
    assert "A string is taken as a path" not in str(caught.value)


@pytest.mark.parametrize(
    "refusal",
    [
        PermissionError(13, "Permission denied"),
        TimeoutError(),
        RuntimeError("403 for\nslow://me:secret@text"),
        ValueError("x" * 5000),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
def test_what_a_store_refuses_is_one_line_without_secrets(slow, store, refusal):
    store.pipe("/text", b"a b\n" * 100)
    slow.refusal = refusal
    source = RemoteFile("slow://text", "/text", remote.without_secrets("slow://me:secret@text"), 400)
    with pytest.raises(CorpusError) as caught:
        encode([source], ALL)
    said = str(caught.value)
    assert said.startswith("cannot read slow://me:***@text: ")
    assert said.endswith("; check the URL, the connection and your permissions")
    assert "\n" not in said
    assert len(said) < 500
    assert "secret" not in "".join(traceback.format_exception(caught.value)).replace("without_secrets", "")


NO_RANGES = (
    "cannot read {}: its server does not support ranges of bytes, which a file of this size needs; put "
    "simplecache:: before the URL, which copies the file to this machine first"
)


@pytest.mark.parametrize(
    "refusal",
    [
        "The HTTP server doesn't appear to support range requests. Only reading this file from the beginning is "
        "supported. Open with block_size=0 for a streaming file interface.",
        "Cannot seek streaming HTTP file",
    ],
)
def test_a_server_without_ranges_of_bytes_is_named_with_what_to_do(slow, store, refusal):
    store.pipe("/text", b"a b\n" * 100)
    slow.refusal = ValueError(refusal)
    with pytest.raises(CorpusError) as caught:
        encode("slow://text", ALL)
    assert str(caught.value) == NO_RANGES.format("slow://text")


@pytest.mark.parametrize("says_so", [False, True])
def test_files_of_a_server_without_ranges_of_bytes(tmp_path, says_so):
    pytest.importorskip("aiohttp", reason="aiohttp is not installed, which fsspec needs for https://")

    class Whole(SimpleHTTPRequestHandler):
        def end_headers(self):
            if says_so:
                self.send_header("Accept-Ranges", "none")
            super().end_headers()

        def log_message(self, *_arguments):
            pass

    (tmp_path / "small.txt").write_bytes(b"a b\n" * 1000)
    (tmp_path / "large.txt").write_bytes(b"a b\n" * 3_000_000)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Whole, directory=tmp_path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert encode(f"{url}/small.txt", ALL).report.tokens == 2000
        assert encode(f"simplecache::{url}/large.txt", ALL).report.tokens == 6_000_000
        (large,) = reading.expand([f"{url}/large.txt"])
        with pytest.raises(CorpusError) as caught:
            shards.count_words(reading.parts([large], 3)[1], ALL)
        server.shutdown()
    assert str(caught.value) == NO_RANGES.format(f"{url}/large.txt")


def test_the_reason_for_a_missing_file_is_named(store, monkeypatch):
    def info(_store, path):
        raise FileNotFoundError(path) from OSError("403, Forbidden")

    monkeypatch.setattr(type(store), "info", info)
    with pytest.raises(CorpusError, match="cannot read memory://text: 403, Forbidden; check"):
        encode("memory://text", ALL)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_transfer_that_ends_early_is_an_error(slow, store, compress):
    data = compress(b"".join(b"%d\n" % (number * number) for number in range(1000)))
    store.pipe("/text", data)
    slow.most = 700
    with pytest.raises(CorpusError, match=f"^slow://text is cut short: 700 of {len(data):,} bytes came; read it again"):
        encode("slow://text", ALL)


def test_a_replaced_file_is_examined_again(slow, store):  # noqa: ARG001 (slow:// exists because of it)
    for data in (b"a b\n" * 100, b"a b\n"):
        store.pipe("/text", data)
        assert encode("slow://text", ALL).report.tokens == len(data) / 2


def test_an_encoded_corpus_is_not_read_as_text(store, text, tmp_path):
    encode(text, ALL).save(tmp_path / "corpus")
    store.pipe("/corpus", (tmp_path / "corpus").read_bytes())
    with pytest.raises(CorpusError, match="memory://corpus is a safetensors file, not text"):
        encode("memory://corpus", ALL)


def test_an_empty_remote_file_is_empty(store):
    store.pipe("/empty", b"")
    with pytest.raises(CorpusError, match="memory://empty holds no tokens"):
        encode("memory://empty", ALL)
    store.pipe("/full", b"a b")
    assert encode(reading.expand(["memory://empty", "memory://full"]), ALL).vocabulary.words == ["a", "b"]
