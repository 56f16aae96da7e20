"""Damaged files for every reader: none may crash, hang, take much memory, or raise anything but FormatError.

python benchmarks/fuzz.py [--files 100000] [--only NAME ...] [--seed 1]

Each file is a valid one after one to four changes: bytes set, flipped, cut out, doubled or moved, numbers set to the
extremes of their types, the end cut off. It is recognised, loaded, and asked for its words and a neighbour. A file of
rows is misread where rows come out with another number of dimensions, or a word has swallowed numbers. Memory is what
Python and NumPy allocate (tracemalloc); mappings of the file itself do not count.
"""

import argparse
import collections
import dataclasses
import gzip
import io
import logging
import os
import random
import re
import struct
import sys
import tempfile
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wordkin import FormatError, WordVectors
from wordkin.vectors.formats.native import StoredModel
from wordkin.vectors.postprocessing import stored_as
from wordkin.vocabulary import Vocabulary

ALLOWANCE = 64_000_000
PATIENCE = 5.0
SIZE = 5
"""Dimensions of the files of rows."""
ROWS = ("word2vec", "glove", "projector")
_EXTREMES = [
    b"\0",
    b"\xff",
    b" ",
    b"\n",
    b"\t",
    b"-",
    b"e",
    b".",
    b"_",
    b"9" * 30,
    b"nan",
    b"inf",
    b"1e999",
    b"\\",
    b"'",
]
WORDS = np.array(["the", "of", "Straße", "山", "a", "x" * 40, "12", "-1.5", "</s>"])
_NUMBERS = [0, 1, -1, 2**7, 2**15, 2**31 - 1, -(2**31), 2**32, 2**62, 2**63 - 1, -(2**63)]


@dataclasses.dataclass(frozen=True)
class Sample:
    """A valid file: its name, and what is in it and in the files beside it."""

    format: str
    name: str
    files: dict[str, bytes]


def vectors() -> WordVectors:
    """A few words, some of them odd."""
    words = WORDS.tolist()
    numbers = np.random.default_rng(1).standard_normal((len(words), SIZE), np.float32)
    numbers[2] = [0, 1, -0.0, 1e-40, 3e38]
    return WordVectors(
        StoredModel(numbers, numbers[::-1].copy(), Vocabulary.from_words(words, range(9, 0, -1)), {}, [])
    )


def samples() -> list[Sample]:
    """Valid files of every format that this library reads itself."""
    made = []
    names = {"numpy": "vectors.npy", "projector": "vectors.tsv"}
    formats = ("safetensors", "word2vec-text", "word2vec-binary", "glove", "gensim", "numpy", "projector")
    with tempfile.TemporaryDirectory() as folder:
        small = vectors().with_vectors(np.clip(vectors().vectors, -9, 9))
        for precision in ("float16", "int8"):
            place = Path(folder, precision)
            stored_as(small, precision).save(place)
            made.append(Sample(f"safetensors, {precision}", "vectors", {"vectors": place.read_bytes()}))
        for format in formats:  # noqa: A001
            name = names.get(format, "vectors")
            place = Path(folder, format)
            place.mkdir()
            vectors().save(place / name, format=format)
            files = {each.name: each.read_bytes() for each in place.iterdir()}
            made.append(Sample(format, name, files))
            if format in ("word2vec-text", "word2vec-binary"):
                made.append(Sample(f"{format}, gzip", name, {name: gzip.compress(files[name])}))
    made.append(Sample("gensim, one file", "model", {"model": gensim_pickle()}))
    made.append(Sample("gensim, n-grams", "model", {"model": gensim_pickle(max_n=3)}))
    made.append(Sample("gensim, int keys", "model", {"model": gensim_pickle(int_keys=True)}))
    made.append(Sample("numpy, by columns", "vectors.npy", columns()))
    made.append(Sample("npz", "vectors.npz", {"vectors.npz": zipped({"vectors": vectors().vectors, "words": WORDS})}))
    made.append(Sample("fasttext-bin", "model.bin", {"model.bin": fasttext_model()}))
    made.append(Sample("fasttext-bin, compressed", "model.ftz", {"model.ftz": compressed_fasttext_model()}))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "model")
        WordVectors.load(written(place, fasttext_model())).save(Path(folder, "native"), format="safetensors")
        made.append(Sample("safetensors, n-grams", "vectors", {"vectors": Path(folder, "native").read_bytes()}))
    return made


def columns() -> dict[str, bytes]:
    """An array that lies column by column, and its words."""
    array = io.BytesIO()
    np.save(array, np.asfortranarray(vectors().vectors))
    return {"vectors.npy": array.getvalue(), "vectors.words": "\n".join(WORDS.tolist()).encode()}


def zipped(arrays: dict[str, np.ndarray]) -> bytes:
    """A zip file of arrays."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type] # which its stubs take for its option
    return file.getvalue()


def gensim_pickle(*, int_keys: bool = False, max_n: int | None = None, compatible: bool = True) -> bytes:
    """A pickle as gensim writes it, its arrays within: opcodes of protocol 4.

    Args:
        int_keys: of Python and of NumPy, and with a slot that has no key.
        max_n: the largest number of characters of n-grams in ten buckets; None for KeyedVectors without n-grams.
        compatible: whether the n-grams are hashed as fastText does.
    """
    words = [b"the", b"of", b"and"]
    numbers = np.random.default_rng(2).standard_normal((3, 4), np.float32)

    def text(data: bytes) -> bytes:
        return b"\x8c" + bytes([len(data)]) + data + b"\x94"

    def array(values: np.ndarray, kind: bytes) -> bytes:
        data = values.tobytes()
        named = text(b"numpy._core.multiarray") + text(b"_reconstruct") + b"\x93\x94"
        named += text(b"numpy") + text(b"ndarray") + b"\x93\x94K\0\x85\x94C\x01b\x94\x87\x94R\x94("
        shape = b"".join(b"K" + bytes([length]) for length in values.shape)
        shape += {1: b"\x85\x94", 2: b"\x86\x94"}[values.ndim]
        return named + b"K\x01" + shape + dtype(kind) + b"\x89C" + bytes([len(data)]) + data + b"\x94t\x94b"

    def dtype(kind: bytes) -> bytes:
        made = text(b"numpy") + text(b"dtype") + b"\x93\x94" + text(kind) + b"\x89\x88\x87\x94R\x94(K\x03" + text(b"<")
        return made + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0t\x94b"

    scalar = text(b"numpy._core.multiarray") + text(b"scalar") + b"\x93\x94" + dtype(b"i8")
    keys = b"K\x07N" + scalar + b"C\x08" + bytes([9, *[0] * 7]) + b"\x94\x86\x94R\x94"
    state = b"}\x94(" + text(b"vector_size") + b"K\x04" + text(b"index_to_key") + b"]\x94("
    own = b"vectors" if max_n is None else b"vectors_vocab"
    state += (keys if int_keys else b"".join(map(text, words))) + b"e" + text(own) + array(numbers, b"f4")
    if max_n is not None:
        ngrams = np.random.default_rng(5).standard_normal((10, 4), np.float32)
        state += text(b"min_n") + b"K\x02" + text(b"max_n") + b"K" + bytes([max_n]) + text(b"bucket") + b"K\x0a"
        state += text(b"vectors_ngrams") + array(ngrams, b"f4")
        state += text(b"compatible_hash") + (b"\x88" if compatible else b"\x89")
    state += (
        text(b"key_to_index") + b"}\x94(" + b"".join(text(w) + b"K" + bytes([i]) for i, w in enumerate(words)) + b"u"
    )
    state += text(b"expandos") + b"}\x94" + text(b"count") + array(np.array([3, 2, 1]), b"i8") + b"su"
    kind = (b"gensim.models.fasttext", b"FastTextKeyedVectors")
    module, name = (b"gensim.models.keyedvectors", b"KeyedVectors") if max_n is None else kind
    name = text(module) + text(name) + b"\x93\x94"
    body = name + b")\x81\x94" + state + b"b."
    return b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body


def fasttext_model() -> bytes:
    """A model as fastText writes it: three words and ten buckets of n-grams."""
    words, size, buckets = ["the", "größe", "</s>"], 4, 10
    numbers = np.random.default_rng(3).standard_normal((len(words) + buckets, size), np.float32)
    header = struct.pack(
        "<2i12id3i2q", 793712314, 12, size, 5, 1, 1, 5, 1, 2, 2, buckets, 2, 4, 100, 1e-4, 3, 3, 0, 50, -1
    )
    entries = b"".join(word.encode() + b"\0" + struct.pack("<qb", 9, 0) for word in words)
    matrix = struct.pack("<?2q", False, *numbers.shape) + numbers.tobytes()
    return header + entries + matrix + struct.pack("<?2q", False, len(words), size) + numbers[: len(words)].tobytes()


def written(path: Path, data: bytes) -> Path:
    """The path, once the file holds these bytes."""
    path.write_bytes(data)
    return path


def compressed_fasttext_model() -> bytes:
    """A pruned model with product quantization and lengths: three words, two n-grams, rows of two parts."""
    plain, (words, size, kept) = fasttext_model(), (3, 4, [(1, 1), (7, 0)])
    generator = np.random.default_rng(4)
    header = bytearray(plain[: plain.index(struct.pack("<?2q", False, 13, size))])
    struct.pack_into("<q", header, 84, len(kept))
    header += b"".join(struct.pack("<2i", *pair) for pair in kept)
    rows = words + len(kept)
    codes = generator.integers(0, 256, 2 * rows, np.uint8).tobytes()
    parts = struct.pack("<4i", size, 2, 3, 1) + generator.standard_normal(256 * size, np.float32).tobytes()
    lengths = bytes(range(rows)) + struct.pack("<4i", 1, 1, 1, 1) + generator.random(256, np.float32).tobytes()
    matrix = struct.pack("<2?2qi", True, True, rows, size, len(codes)) + codes + parts + lengths
    return bytes(header) + matrix + struct.pack("<?2q", False, words, size) + bytes(4 * words * size)


def mutated(data: bytes, generator: random.Random) -> bytes:
    """The same file after one to four changes."""
    for _ in range(generator.choice((1, 1, 1, 2, 3, 4))):
        place = generator.randrange(len(data) + 1)
        where = generator.random()
        if where < 0.4:  # headers are where it hurts
            place = min(place, generator.randrange(200))
        elif where < 0.7:  # and what is behind long ones
            place = max(place, len(data) - generator.randrange(400))
        size = generator.choice((1, 1, 2, 4, 8, 30))
        change = generator.randrange(9)
        if change == 0:
            data = data[:place] + bytes([generator.randrange(256)]) + data[place + 1 :]
        elif change == 1:
            flipped = data[place : place + 1] and bytes([data[place] ^ 1 << generator.randrange(8)])
            data = data[:place] + flipped + data[place + 1 :]
        elif change == 2:
            data = data[:place] + data[place + size :]
        elif change == 3:
            data = data[:place] + data[place : place + size] * 2 + data[place + size :]
        elif change == 4:
            number = generator.choice(_NUMBERS)
            width = generator.choice((1, 2, 4, 8))
            data = data[:place] + (number % 256**width).to_bytes(width, "little") + data[place + width :]
        elif change == 5:
            extreme = generator.choice(_EXTREMES)
            data = data[:place] + extreme + data[place + generator.choice((0, len(extreme))) :]
        elif change == 6:
            data = data[:place]
        elif change == 7:
            other = generator.randrange(len(data) + 1)
            data = data[:place] + data[other : other + size] + data[place:]
        else:
            data = data[:place] + str(generator.choice(_NUMBERS)).encode() + data[place:]
    return data


def damaged(data: bytes, generator: random.Random) -> bytes:
    """The file after some changes; of compressed ones mostly what is compressed is changed."""
    if data.startswith(b"\x1f\x8b") and generator.random() < 0.8:
        return gzip.compress(mutated(gzip.decompress(data), generator), 1)
    if data.startswith(b"PK") and generator.random() < 0.8:
        return damaged_within(data, generator)
    return mutated(data, generator)


def damaged_within(data: bytes, generator: random.Random) -> bytes:
    """A zip file after changes to what one of its members holds."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        victim = generator.choice(archive.namelist())
        for name in archive.namelist():
            content = archive.read(name)
            target.writestr(name, mutated(content, generator) if name == victim else content)
    return changed.getvalue()


def misread(sample: Sample, found: WordVectors) -> bool:
    """Whether a damaged file of rows became something that it surely is not."""
    if not sample.format.startswith(ROWS):
        return False
    swallowed = (
        sample.format != "projector"
        and any(  # whose words have a file of their own
            re.fullmatch(r"[-+]?\d+[.,]\d*(e[-+]?\d+)?", part, re.ASCII)
            for word in found.index_to_key
            for part in word.split(" ")[1:]
        )
    )
    return swallowed or (len(found) > 2 and found.vector_size != SIZE)


def used(sample: Sample, path: Path, skip_bad_rows: bool = False) -> str:
    """Load a file and use it; give the outcome: "loaded", "refused" or "misread"."""
    try:
        found = WordVectors.load(path, skip_bad_rows=skip_bad_rows)
        list(found.vocabulary.words)
        for word in found.index_to_key[:3]:
            found.key_to_index.get(word)
        found.most_similar(np.ones(found.vector_size), topn=2)
        if found._model.subwords is not None:
            found._model.subwords.vector("unbekannt")
    except FormatError as error:
        said = str(error)
        if "\n" in said or ("is damaged" in said and "at byte" not in said):
            raise AssertionError(f"an error that is not one line, or names no byte: {said!r}") from error
        return "refused"
    return "misread" if misread(sample, found) else "loaded"


def tried(
    sample: Sample, count: int, seed: int, folder: Path, complain: Callable[[str], None]
) -> collections.Counter[str]:
    """Use `count` damaged versions of a file; complain of all that should not happen."""
    generator = random.Random(f"{sample.format} {seed}")
    outcomes: collections.Counter[str] = collections.Counter()
    path = folder / sample.name
    for name, content in sample.files.items():
        (folder / name).write_bytes(content)
    assert used(sample, path) == "loaded"  # which compiles, too
    tracemalloc.start()
    for turn in range(count):
        victim = generator.choice(list(sample.files))
        data = {**sample.files, victim: damaged(sample.files[victim], generator)}
        for name, content in data.items():
            (folder / name).write_bytes(content)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        begin = time.monotonic()
        try:
            outcome = used(sample, path, skip_bad_rows=generator.random() < 0.2)
            if outcome == "misread":
                complain(f"{sample.format} {turn}: misread, on {victim}: {data[victim]!r}")
        except Exception as error:
            outcome = "wrong"
            complain(f"{sample.format} {turn}: {error!r}, on {victim}: {data[victim]!r}")
        outcomes[outcome] += 1
        allocated = tracemalloc.get_traced_memory()[1] - before
        if allocated > ALLOWANCE + 2 * sum(map(len, data.values())):
            outcomes["greedy"] += 1
            complain(f"{sample.format} {turn}: {allocated:,} bytes, on {victim}: {data[victim]!r}")
        if time.monotonic() - begin > PATIENCE:
            outcomes["slow"] += 1
            complain(f"{sample.format} {turn}: {time.monotonic() - begin:.1f} s, on {victim}: {data[victim]!r}")
    tracemalloc.stop()
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, help="damaged files of each kind")
    parser.add_argument("--only", nargs="*", help="kinds of files")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.getLogger("wordkin").setLevel(logging.ERROR)
    warnings.simplefilter("error")
    bad = 0
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        for sample in samples():
            if options.only and sample.format not in options.only:
                continue
            begin = time.monotonic()
            place = Path(folder, sample.format.replace(" ", "-"))
            place.mkdir()
            outcomes = tried(sample, options.files, options.seed, place, lambda what: print(what[:2000], flush=True))
            bad += outcomes["wrong"] + outcomes["misread"] + outcomes["greedy"] + outcomes["slow"]
            told = ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(outcomes.items()))
            print(f"{sample.format:24} {told}   {time.monotonic() - begin:.0f} s", flush=True)
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
