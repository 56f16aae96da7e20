"""Each odd corpus gets its warning, a sound one none, and nothing is claimed that was not counted."""

import collections
import logging
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wordkin import EncodedCorpus, TrainingConfig
from wordkin.corpus import checks as checks
from wordkin.corpus.checks import check, warn
from wordkin.corpus.encoder import encode

ALL = TrainingConfig(min_count=1)


def prose(sentences: int = 3000, words: int = 500, seed: int = 3) -> list[list[str]]:
    """Lines of eight words, no two alike."""
    generator = random.Random(seed)
    names = [f"word{number}" for number in range(words)]
    return [generator.choices(names, k=8) for _ in range(sentences)]


def test_prose_gives_no_warning():
    assert check(encode(prose(), TrainingConfig())) == []


def test_letters_instead_of_words():
    letters = [list("thequickbrownfoxjumps")] * 2 + [["whole", "words"]]
    (warning,) = [line for line in check(encode(letters, ALL)) if "one character" in line]
    assert warning.startswith("95.5% of the tokens are one character long: if characters are meant, tokenizer=")
    assert not any("one character" in line for line in check(encode([*letters, ["more", "words", "here"]], ALL)))


def test_characters_that_were_asked_for():
    config = TrainingConfig(min_count=1, tokenizer="characters")
    assert not any("one character" in line for line in check(encode(["山高月小", "水落石出"], config)))


@pytest.mark.parametrize(("rest", "warned"), [(1200, True), (1202, False)])
def test_one_line_that_holds_most(rest, warned):
    lines = [[f"w{number % 150}" for number in range(1201)]] + [["a", "b"]] * (rest // 2)
    found = [line for line in check(encode(lines, ALL)) if line.startswith("one line")]
    assert bool(found) is warned
    if warned:
        assert found[0].startswith("one line holds 1,201 of 2,401 tokens (50%): a line is a sentence")


def test_one_line_that_a_sentence_may_be():
    assert not any(line.startswith("one line") for line in check(encode([["a", "b"] * 500], ALL)))


def test_one_long_line_among_many_is_found(monkeypatch):
    monkeypatch.setattr(checks, "BLOCK_TOKENS", 64)
    lines = [["a", "b"]] * 300 + [["c", "d"] * 1000] + [["a", "b"]] * 300
    assert any(line.startswith("one line holds 2,000 of 3,200 tokens") for line in check(encode(lines, ALL)))


def copies(lines: list[list[str]], config: TrainingConfig = ALL) -> list[str]:
    return [line for line in check(encode(lines, config)) if line.startswith("the line")]


def test_a_line_that_stands_thousands_of_times():
    lines = prose() + [["all", "rights", "reserved"]] * 1000
    random.Random(5).shuffle(lines)
    assert copies(lines) == [
        "the line 'all rights reserved' occurs 1,000 times, 11% of the tokens in all: keep one copy of each line, for "
        "instance with awk '!seen[$0]++'"
    ]
    lines.remove(["all", "rights", "reserved"])
    assert copies(lines) == []


def test_several_lines_and_what_pruning_left_of_them():
    lines = [["user", f"id{number}", "logged", "in"] for number in range(1500)] + [["a", "b"]] * 1000 + prose(300)
    (warning,) = copies(lines, TrainingConfig(min_count=2))
    assert (
        "the line 'user logged in' (dropped words left out) occurs 1,500 times, 1 other lines at least 1,000" in warning
    )
    assert ", 73% of the tokens in all" in warning


def test_short_answers_in_a_long_dialogue_give_no_warning():
    assert copies(prose(30_000) + [["yes", "."]] * 1000) == []


def test_repeated_lines_of_one_word_give_no_warning():
    assert copies([["header"]] * 2000 + prose(100)) == []
    assert copies([["a"], ["b"]] * 10) == []


def test_words_in_another_order_are_another_line():
    lines = [["a", "b", "c"]] * 999 + [["c", "b", "a"]] * 999 + [["b", "a", "c"]] * 999 + [["a", "a", "b"]] * 999
    assert copies(lines) == []


def test_a_long_or_strange_line_is_one_short_line_of_the_message():
    strange = ["new\nline", "quo'te", "x" * 100, *"abcdefgh"]
    (warning,) = copies([strange] * 1000)
    assert "\n" not in warning
    assert "x" * 60 not in warning
    assert " …" in warning
    (warning,) = copies([list("abcdefgh")] * 1000)
    assert warning.startswith("the line 'a b c d e f …' occurs")


def test_a_large_corpus_is_sampled_and_says_so(monkeypatch):
    monkeypatch.setattr(checks, "BLOCK_TOKENS", 4_000)
    monkeypatch.setattr(checks, "MOST_BLOCKS", 4)
    lines = prose(4000) + [["late", "copies", "of", "a", "line", "that", "is", "long"]] * 4000
    (warning,) = copies(lines)
    assert "occurs 1,000 times in a sample of 16,000 tokens, 50% of the tokens" in warning


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), min_size=1, max_size=60),
    st.sampled_from([1, 3, 16, 10_000]),
)
def test_blocks_cover_a_small_corpus_once(lines, block):
    lines = [["a", "b"], *lines]
    corpus = encode(lines, ALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checks, "BLOCK_TOKENS", block)
        patch.setattr(checks, "MOST_BLOCKS", 10_000)
        seen = [sentence for first, last in checks._blocks(corpus) for sentence in range(first, last)]
        expected = [number for number, line in enumerate(lines) if len(line) <= block]
        assert sorted(set(seen)) == seen  # none twice, in order
        assert set(seen) >= set(expected)
        patch.setattr(checks, "MANY_COPIES", 2)
        patch.setattr(checks, "COPIED_SHARE", 0)
        warnings = [line for line in check(corpus) if line.startswith("the line")]
    counts = collections.Counter(tuple(lines[number]) for number in seen if len(lines[number]) > 1)
    most = max((count * len(line) for line, count in counts.items() if count > 1), default=0)
    assert bool(warnings) is bool(most)
    if most:
        wanted = {f"{' '.join(line)!r} occurs {count}" for line, count in counts.items() if count * len(line) == most}
        assert any(text in warnings[0] for text in wanted)


def few(lines: list[list[str]], **parameters: object) -> list[str]:
    return [line for line in check(encode(lines, TrainingConfig(**parameters))) if line.startswith("the vocabulary")]


def test_a_small_vocabulary_says_why():
    assert few(prose(words=100)) == []
    (warning,) = few(prose(words=99))
    assert warning.startswith("the vocabulary has only 99 words; with so few words, neighbours mean little")
    rare = [[f"rare{number}", "word1"] for number in range(7)]
    (warning,) = few(prose(words=50) + rare)
    assert warning.endswith("50 words; min_count=5 dropped 7 tokens in rarer words: lower it, or give more text")
    (warning,) = few(prose(), max_vocabulary=60)
    assert "60 words; max_vocabulary dropped" in warning
    assert warning.endswith("tokens in other words: raise it")


def test_ids_are_not_taken_for_text():
    few_items = EncodedCorpus.from_ids([0, 1, 2, 0, 1, 2] * 1000, [0, 6000], ["a", "A", "b"])
    assert check(few_items) == [
        "the vocabulary has only 3 words; with so few words, neighbours mean little: give more ids"
    ]
    (warning,) = check(EncodedCorpus.from_ids([0, 1, 2, 0, 1], [0, 5], min_count=2))
    assert warning.endswith("2 words; min_count=2 dropped 1 tokens in rarer words: lower it, or give more ids")


def case(lines: list[list[str]], **parameters: object) -> list[str]:
    found = check(encode(lines, TrainingConfig(min_count=1, **parameters)))
    return [line for line in found if "upper and lower case" in line]


def test_the_same_word_in_two_cases():
    lines = [*prose(), *[["The", "the", "THE", "the"]] * 300]
    assert case(lines) == [
        "1 of the 503 most frequent words occur in upper and lower case ('the' 600 times, 'The' 300 times), 2.4% of "
        "the tokens in the rarer one: if case has no meaning, lower=True makes them one word"
    ]


def test_rare_or_lowered_case_gives_no_warning():
    assert case([*prose(), ["The", "the"], ["the", "the"]]) == []
    assert case([*prose(), *[["The", "the"]] * 1000], lower=True) == []


def test_warnings_are_logged(caplog):
    corpus = encode([["a", "b"]] * 10, ALL)
    found = warn(corpus)
    assert len(found) == 2
    assert [(record.name, record.levelno, record.getMessage()) for record in caplog.records] == [
        ("wordkin", logging.WARNING, line) for line in found
    ]


def test_the_hash_tells_neighbouring_ids_apart():
    """Ids are small numbers: no two of the shortest lines may share a sum."""
    ids = np.arange(1, 2001, dtype=np.uint64)
    factor = np.uint64(checks._FACTOR)
    sums = (ids[:, None] * factor + ids[None, :] * np.full(1, factor) * factor).reshape(-1)
    sums.sort()
    assert (sums[1:] != sums[:-1]).all()
