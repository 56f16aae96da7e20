"""The compiled scanner against str.split: words of every length, at every place in a block and in the buffer."""

import collections
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordkin import TrainingConfig
from wordkin.corpus import encoder, reading, scanner
from wordkin.corpus.encoder import encode
from wordkin.corpus.tokenizer import SENTENCE_MARK, TOKEN_MARK, Classes, sentinel_classes, text_classes
from wordkin.corpus.words import Words, WordTable
from wordkin.storage.arrays import ALIGNMENT

WHITE_SPACE = text_classes("whitespace")
LISTS = sentinel_classes()


def encoded(blocks: list[bytes], tokenizer: str = "whitespace") -> list[list[str]]:
    """The sentences of text that comes in these blocks, words that occur once included."""
    with encoder.Encoder(TrainingConfig(min_count=1), text_classes(tokenizer)) as taker:
        taker.add_text("text", blocks)
        corpus = taker.finish()
    words, offsets = corpus.vocabulary.words, corpus.sentence_offsets
    return [[words[row] for row in corpus.ids[begin:end]] for begin, end in itertools.pairwise(offsets)]


def lines(text: str) -> list[list[str]]:
    """The same by str.split; only line feeds and carriage returns end a sentence."""
    return [tokens for line in text.replace("\r", "\n").split("\n") if (tokens := line.split())]


def scanned(
    data: bytes,
    classes: Classes,
    function=scanner.scan,
    table: WordTable | None = None,
    progress: list[int] | None = None,
) -> tuple:
    """Scan text with SPARE letters behind it, the last bytes of the array; give everything that the scanner writes.

    With the table and the progress that an earlier scan gave, it goes on behind that.
    """
    table = table or Words(4096, 4096, 4096).table
    batch = np.zeros((scanner.BATCH + scanner.BLOCK, scanner.TOKEN_FIELDS), np.uint64)
    ids, ends = np.zeros(len(data), np.int32), np.zeros(len(data) + 1, np.int64)
    progress = np.array(progress or [0] * scanner.PROGRESS_FIELDS, np.int64)
    progress[[scanner.POSITION, scanner.TOKENS, scanner.SENTENCES]] = 0
    buffer = np.frombuffer(bytearray(data + b"x" * scanner.SPARE), np.uint8)
    fields = (classes.of_byte, classes.of_character, classes.single)
    with np.errstate(over="ignore"):
        assert function(buffer, len(data), True, *fields, table, batch, ids, ends, progress) == scanner.DONE
    return (
        ids[: progress[scanner.TOKENS]].tolist(),
        ends[: progress[scanner.SENTENCES]].tolist(),
        progress.tolist(),
        *(array.tolist() for array in table),
    )


def words_of(result: tuple) -> list[bytes]:
    """The tokens that scanned() found, in their order."""
    ids, _, _, _, arena, offsets = result
    return [bytes(arena[offsets[word] : offsets[word + 1]]) for word in ids]


@pytest.mark.parametrize("size", [1, 7, 8, 9, 15, 16, 17, 24, 254, 255, 256, 257])
def test_words_of_every_length_at_every_place(size):
    """They begin at every offset within eight bytes, and end where the buffer does."""
    for offset in range(9):
        first, last = "y" * size, "x" * (size - 1) + "z"
        text = " " * offset + f"{first} {last} {first} {last[:-1]}a {last}"
        assert [word.decode() for word in words_of(scanned(text.encode(), WHITE_SPACE))] == text.split()


@pytest.mark.parametrize("size", [7, 8, 9, 15, 16, 17])
def test_words_that_a_block_cuts(size):
    text = f"{'k' * size} {'m' * size} {'k' * size}\n{'k' * (size + 1)} é{'m' * size}é {'k' * size}"
    data = text.encode()
    for cut in range(len(data) + 1):
        assert encoded([block for block in (data[:cut], data[cut:]) if block]) == lines(text)


@pytest.mark.parametrize("place", range(-20, 3))
def test_words_at_the_end_of_a_real_block(tmp_path, place):
    path = tmp_path / "text"
    text = "a " * ((reading.BLOCK_BYTES + place) // 2) + "seventeen-letters eight-by seven-b 山山山山 b"
    path.write_text(text, "utf-8")
    corpus = encode(path, TrainingConfig(min_count=1))
    assert [corpus.vocabulary.words[row] for row in corpus.ids] == text.split()


def test_control_characters_belong_to_words_unless_they_are_white_space():
    text = (
        "a\x00 a a\x00\x00 \x01 b\x1bb \x7f\x00 abcdefg\x01 abcdefgh\x01i c\x1cd\x1de\x1ef\x1fg \x00\x00 h\x0bi\x0cj\tk"
    )
    assert encoded([text.encode()]) == [text.split()]


@pytest.mark.parametrize("offset", range(17))
def test_characters_of_several_bytes_at_every_offset(offset):
    for character in "é山😀\u0085\u00a0\u2009\u3000\u0301":
        text = f"{'w' * offset}{character}{'v' * (16 - offset)} {character * 5} {'w' * offset}{character} two words"
        assert encoded([text.encode()]) == lines(text)


@pytest.mark.parametrize("separator", [" ", "\n", "\u3000", " \t\x1f "])
def test_separators_at_every_place_of_a_block(separator):
    """Also in a row, at both ends, in blocks that hold nothing else, and in text shorter than a block."""
    for place in range(2 * scanner.BLOCK + 1):
        text = "w" * place + separator + "w" * (2 * scanner.BLOCK - place)
        for whole in (text, separator * place + "w", "w" + separator * place + "v", text[: place // 2]):
            wanted = [word.encode() for word in whole.split()]
            assert words_of(scanned(whole.encode(), WHITE_SPACE)) == wanted


@pytest.mark.parametrize("special", ["\x00", "\x7f", "é", "山", "😀"])
def test_characters_that_are_no_letters_at_every_place_of_a_block(special):
    for place in range(scanner.BLOCK + 9):
        text = f"{'v ' * (place // 2)}{'w' * (place % 2)}{special}b {special} c{special}"
        assert words_of(scanned(text.encode(), WHITE_SPACE)) == [word.encode() for word in text.split()]


def test_words_with_equal_beginning_end_or_length():
    words = [f"{a}{'-' * size}{b}" for size in (5, 6, 7, 13, 14, 15, 22) for a in "abcd" for b in "abcd"]
    words += ["ab" * size for size in range(1, 300)] + ["\x00" * size for size in range(1, 40)]
    words += ["12345678" + "\x00" * size for size in range(300)]
    assert len(set(words)) == len(words)
    assert encoded([" ".join(words + words[::-1]).encode()]) == [words + words[::-1]]


def test_words_whose_slots_collide():
    """In a table that is nearly full, many words share a slot; they are told apart, found again and moved."""
    names = [f"{number:x}" for number in range(650)] + [f"longer-than-a-slot-{number:x}" for number in range(650)]
    words = Words(slots=2048, arena=1 << 15)
    ids, _, progress, *_ = scanned(" ".join(names + names[::2]).encode(), WHITE_SPACE, table=words.table)
    assert ids == [*range(1300), *range(0, 1300, 2)]
    words.grow(scanner.TABLE_FULL, np.array(progress))
    assert len(words.table.slots) == 4096
    assert scanned(" ".join(names).encode(), WHITE_SPACE, table=words.table, progress=progress)[0] == [*range(1300)]
    assert words.take_counts(1300).tolist() == [3, 2] * 650


def test_long_words_are_compared_by_more_than_their_hash():
    """A word of the same key and length, for which one would have to search very long, stands in the arena for it."""
    table = Words().table
    ids, _, progress, *_ = scanned(b"seventeen-letters", WHITE_SPACE, table=table)
    assert ids == [0]
    table.arena[16] = ord("z")
    again = scanned(b"seventeen-letters seventeen-letters", WHITE_SPACE, table=table, progress=progress)
    assert again[0] == [1, 1]


@pytest.mark.parametrize("capacity", [1, 1 << 10, 1 << 18])
def test_no_slot_crosses_a_cache_line(capacity):
    slots = Words(slots=capacity).table.slots
    assert slots.shape == (capacity, scanner.SLOT_FIELDS)
    assert slots.ctypes.data % ALIGNMENT == 0
    assert ALIGNMENT % slots[0].nbytes == 0


@pytest.mark.parametrize("size", [1, 8, 9, 15, 16, 17, 40])
def test_every_part_of_the_table_grows(size):
    """From nearly nothing; counts and the order of first appearance stay."""
    names = [f"{number:x}".rjust(size, "-") for number in range(3000)]
    with encoder.Encoder(TrainingConfig(min_count=1), WHITE_SPACE) as taker:
        taker._words = Words(slots=4, arena=scanner.SPARE, words=4)
        taker.add_text("text", [" ".join(names).encode(), "\n".join(["", *names[::3], *names[::6]]).encode()])
        corpus = taker.finish()
    counts = collections.Counter(names + names[::3] + names[::6])
    assert dict(zip(corpus.vocabulary.words, corpus.vocabulary.counts.tolist(), strict=True)) == counts
    assert corpus.vocabulary.words == sorted(dict.fromkeys(names), key=lambda name: -counts[name])


@pytest.mark.parametrize(
    ("reason", "slots", "arena", "words"),
    [(scanner.TABLE_FULL, 4, 99, 99), (scanner.ARENA_FULL, 99, scanner.SPARE + 7, 99), (scanner.WORDS_FULL, 99, 99, 4)],
)
def test_a_table_without_room_is_left_as_it_was(reason, slots, arena, words):
    table = Words(slots, arena, words).table
    batch = np.zeros((scanner.BATCH + scanner.BLOCK, scanner.TOKEN_FIELDS), np.uint64)
    progress = np.zeros(scanner.PROGRESS_FIELDS, np.int64)
    text = np.frombuffer(b"a\nb\nc\nd\n" + b" " * scanner.SPARE, np.uint8).copy()
    fields = (WHITE_SPACE.of_byte, WHITE_SPACE.of_character, False)
    found = scanner.scan(text, 8, True, *fields, table, batch, np.zeros(8, np.int32), np.zeros(9, np.int64), progress)
    assert found == reason
    assert not progress.any()
    assert not any(array.any() for array in table)


plain_and_not = st.text(
    st.one_of(
        st.sampled_from("abc"),
        st.sampled_from(" \n\r\x00\x01\x1b\x1c\x1f\x7f\x85\xa0é山😀\u200d\u0301"),
        st.characters(codec="utf-8"),
    ),
    max_size=200,
)


@settings(max_examples=300)
@given(plain_and_not, st.lists(st.integers(0, 200), max_size=8))
def test_any_text_in_any_blocks(text, cuts):
    text += "\nat least two"
    data = text.encode()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    blocks = [data[begin:end] for begin, end in itertools.pairwise(places) if begin < end]
    assert encoded(blocks) == lines(text.removeprefix("\ufeff"))


@settings(max_examples=100)
@given(plain_and_not, st.sampled_from(["whitespace", "words", "characters", None]))
def test_compiled_and_python_do_the_same(text, tokenizer):
    classes = text_classes(tokenizer) if tokenizer else LISTS
    data = text.encode()
    if not tokenizer:
        data = data.replace(b" ", TOKEN_MARK).replace(b"\n", SENTENCE_MARK)
    compiled = scanned(data, classes)
    assert compiled == scanned(data, classes, scanner.scan.py_func)
    if not tokenizer:
        assert words_of(compiled) == [
            token for line in data.split(SENTENCE_MARK) for token in line.split(TOKEN_MARK) if token
        ]


JOINED = [
    ("👩\u200d👩\u200d👧 ❤\ufe0f \u0301 \u200d\u200d words", ["words"]),
    ("नमस्\u200dते क्\u200d\u200dष र्\u200d", ["नमस्\u200dते", "क्\u200d\u200dष", "र्"]),
    ("می\u200cخواهم \u200cمی\u200c .", ["می\u200cخواهم", "می"]),
    ("co\u00adop\u00aderation cooperation \u00ad a\u00ad", ["cooperation", "cooperation", "a"]),
    ("a\u2060b c\u200bd \u200ee\u200e \ufefff e\u0301", ["a\u2060b", "c", "d", "e", "f", "e\u0301"]),
    ("葛\U000e0100城 葛\ufe00 1\ufe0f\u20e3", ["葛\U000e0100城", "葛\ufe00", "1\ufe0f\u20e3"]),
    ("a\u200d\u0301b a\u200d-b a\u200d", ["a\u200d\u0301b", "a", "b", "a"]),
]


@pytest.mark.parametrize(("text", "wanted"), JOINED)
def test_joiners_and_marks_alone_are_no_words(text, wanted):
    data = text.encode()
    for cut in range(1, len(data)):
        assert encoded([data[:cut], data[cut:], b"\nmore text"], "words") == [wanted, ["more", "text"]]
    assert encoded([b"more text\n", data], "words") == [["more", "text"], wanted]


@pytest.mark.parametrize("size", [1, 16, 17, 63, 64, 65])
def test_joiners_at_every_place_of_a_block(size):
    for place in range(scanner.BLOCK + 1):
        words = ["w" * size + "\u200d\u200dvvv", "u", "u\u0301"]
        text = " " * place + words[0] + "\u200d.\u200du\u200d " + words[2]
        assert encoded([text.encode()], "words") == [words]


def test_more_than_one_piece_is_remapped(monkeypatch):
    """Dropped words at both ends of a piece, sentences that cross pieces, and one that spans several."""
    monkeypatch.setattr(reading, "BLOCK_BYTES", 4 * 7)  # seven ids
    text = [["rare1", "a", "b"], ["a"] * 4, ["b", "rare2"], ["rare3"], ["a", "b"] * 15, ["rare4"] * 1 + ["b"]]
    for sentences in (text, text[::-1], text * 2):
        counts = collections.Counter(word for sentence in sentences for word in sentence)
        corpus = encode(sentences, TrainingConfig(min_count=3))
        words, offsets = corpus.vocabulary.words, corpus.sentence_offsets
        kept = [[word for word in sentence if counts[word] >= 3] for sentence in sentences]
        assert [[words[row] for row in corpus.ids[begin:end]] for begin, end in itertools.pairwise(offsets)] == [
            sentence for sentence in kept if sentence
        ]
