"""Words outside the vocabulary, whose vectors come from their n-grams: in queries, evaluation and commands."""

import json
import pickle

import numpy as np
import pytest

from in_process import run
from made_subwords import WORDS, with_subwords
from wordkin import UnknownWordError, WordVectors
from wordkin.evaluation import (
    evaluate_analogies,
    evaluate_categorisation,
    evaluate_outliers,
    evaluate_similarity,
)
from wordkin.evaluation.analogies import Question, Section
from wordkin.evaluation.outliers import Group
from wordkin.inspector import explorer
from wordkin.inspector.api import Inspected
from wordkin.vectors.postprocessing import prune_subwords


def test_a_word_has_a_vector_where_an_ngram_is_known():
    vectors = with_subwords()
    assert "stalking" in vectors
    assert "stalking" not in vectors.key_to_index
    assert vectors.find("stalking") is None
    assert "qqq" not in vectors
    assert 7 not in vectors
    np.testing.assert_array_equal(vectors["stalking"], vectors.subwords.vector("stalking"))
    assert vectors.get("qqq") is None
    with pytest.raises(UnknownWordError, match="'qqq' is not in the vocabulary"):
        vectors["qqq"]
    with pytest.raises(UnknownWordError, match="'stalking' is not in the vocabulary; closest: talking"):
        vectors.row("stalking")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(vectors))["stalking"], vectors["stalking"])


def test_vectors_without_subwords():
    vectors = with_subwords()
    vectors.most_similar("sea")
    plain = vectors.without_subwords()
    assert plain.subwords is None
    assert "stalking" not in plain
    assert plain.most_similar("sea") == vectors.most_similar("sea")
    assert vectors.folded().without_subwords().row("SEA") == 3
    assert np.shares_memory(plain.vectors, vectors.vectors)


def test_every_query_takes_words_outside_the_vocabulary():
    vectors = with_subwords()
    given = vectors["stalking"]
    assert vectors.most_similar("stalking") == vectors.most_similar(given)
    assert len(vectors.most_similar("stalking", topn=None)) == len(WORDS)
    assert vectors.most_similar_batch(["stalking", "sea"]) == vectors.most_similar_batch([given, "sea"])
    assert vectors.most_similar_batch(["qqq", "stalking"], unknown="skip")[0] == []
    assert vectors.most_similar_cosmul("stalking", "sea") == vectors.most_similar_cosmul(given, "sea")
    assert vectors.analogy("sea", "seas", "stalking") == vectors.analogy("sea", "seas", given)
    assert vectors.distance("stalking", "sea") == vectors.distance(given, "sea")
    assert vectors.n_similarity(["stalking", "qqq"], ["sea"], unknown="skip") == vectors.similarity("stalking", "sea")
    assert vectors.doesnt_match(["stalking", "talking", "sea"]) == "sea"
    assert vectors.rank("stalking", vectors.most_similar("stalking")[0][0]) == 1
    np.testing.assert_array_equal(vectors.mean_vector(["stalking"], pre_normalize=False), given)
    with pytest.raises(UnknownWordError):
        vectors.most_similar("sea", among=["stalking"])


def test_a_search_takes_the_word_closest_in_spelling():
    vectors = with_subwords()
    answer = vectors.most_similar("takling", unknown="closest")
    assert answer[0] == ("talking", pytest.approx(1))
    assert answer[0] != vectors.most_similar("takling")[0]
    assert answer[1:] == vectors.most_similar("talking")
    assert vectors.most_similar("talking", unknown="closest") == vectors.most_similar("talking")
    plain = vectors.without_subwords()
    meant = vectors["talking"]
    assert plain.most_similar_batch(["takling", "sea"], unknown="closest") == plain.most_similar_batch([meant, "sea"])
    by_product = plain.most_similar_cosmul("takling", unknown="closest")
    assert [word for word, _ in by_product] == [word for word, _ in answer]
    assert plain.analogy("sea", "seas", "takling", unknown="closest", topn=None) == plain.most_similar(
        [meant, "seas"], "sea", topn=None
    )
    assert vectors.closest("takling") == ("talking",)
    assert vectors.most_similar("seafaringfolk", unknown="closest") == vectors.most_similar("seafaringfolk")
    with pytest.raises(UnknownWordError, match="'qqq' is not in the vocabulary"):
        plain.most_similar("qqq", unknown="closest")
    with pytest.raises(ValueError, match="unknown is 'closest'; give 'raise' or 'skip', or 'closest' in a search"):
        vectors.mean_vector(["takling"], unknown="closest")


def test_similarity_of_all_pairs():
    vectors = with_subwords()
    pairs = [("walking", "Stalking", 3.0), ("sea", "seaside", 2.0), ("king", "sea", 1.0), ("king", "qqq", 5.0)]
    score = evaluate_similarity(vectors, pairs)
    assert (score.found, score.pairs, score.composed) == (3, 4, 2)
    wanted = [vectors.similarity(first, second.lower()) for first, second, _ in pairs[:3]]
    np.testing.assert_allclose(score.cosines[:3], wanted, rtol=1e-6)
    assert score.as_dict()["composed"] == 2
    cased = evaluate_similarity(vectors, pairs, ignore_case=False).cosines[0]
    np.testing.assert_allclose(cased, vectors.similarity("walking", "Stalking"), rtol=1e-6)
    for plain in (
        evaluate_similarity(vectors.without_subwords(), pairs),
        evaluate_similarity(vectors, pairs, most_frequent=9),
    ):
        assert (plain.found, plain.composed) == (1, 0)


def test_analogies_outliers_and_categories_with_words_outside_the_vocabulary():
    vectors = with_subwords()
    answer = vectors.analogy("stalking", "walks", "seaside", topn=1)[0][0]
    asked = [Question("stalking", ("walks",), "seaside", (answer,)), Question("sea", ("seas",), "king", ("stalking",))]
    score = evaluate_analogies(vectors, [Section("own", tuple(asked))])
    assert score.outcomes.tolist() == [1, -1]  # an answer must be in the vocabulary
    groups = [Group("own", ("walking", "talking", "stalking", "walk"), ("sea",))]
    outliers = evaluate_outliers(vectors, groups)
    assert (outliers.asked, outliers.skipped) == (1, 0)
    units = {word: vectors[word] / np.linalg.norm(vectors[word]) for word in (*groups[0].members, "sea")}
    total = sum(units.values())
    belonging = {word: float(unit @ total) - 1 for word, unit in units.items()}
    least = sum(belonging[word] > belonging["sea"] for word in groups[0].members)
    assert outliers.position == least / 4
    categories = evaluate_categorisation(vectors, [("walking", "a"), ("stalking", "a"), ("sea", "b"), ("qqq", "b")])
    assert categories.found == 3


def test_commands(tmp_path):
    path = tmp_path / "pairs"
    path.write_text("walking\tstalking\t3\nsea\tseaside\t2\nking\tsea\t1\nking\twalk\t1\n")
    model = tmp_path / "model.safetensors"
    with_subwords().save(model)
    found = run("evaluate", model, "--similarity", path)
    assert "4 of 4, 2 by n-grams" in found.stdout
    found = run("evaluate", model, "--similarity", path, "--no-subwords")
    assert "2 of 4\n" in found.stdout
    found = run("similar", model, "stalking", "-k", 2, "--json")
    assert [each["word"] for each in json.loads(found.stdout)["neighbours"]["stalking"]] == [
        word for word, _ in with_subwords().most_similar("stalking", topn=2)
    ]
    found = run("similar", model, "stalking", "qqq", "--closest", "--json")
    shown = json.loads(found.stdout)
    assert shown["neighbours"]["stalking"][0]["word"] == "talking"
    assert [error["word"] for error in shown["errors"]] == ["qqq"]


def test_the_page_shows_neighbours_of_words_outside_the_vocabulary():
    inspected = Inspected("model", with_subwords())
    shown = explorer.word(inspected, {"word": "stalking", "count": 2})
    assert (shown["row"], shown["count"]) == (None, None)
    assert shown["neighbours"][0]["word"] == with_subwords().most_similar("stalking", topn=1)[0][0]
    assert explorer.word(inspected, {"word": "qqq"}) == {"unknown": ["qqq"]}


def test_pruning(tmp_path):
    made = with_subwords()
    pruned = prune_subwords(made, 20)
    assert len(pruned.subwords.rows) == 20
    assert pruned.most_similar("sea") == made.most_similar("sea")
    assert "stalking" in pruned
    with pytest.raises(ValueError, match="the model has no n-grams to prune"):
        prune_subwords(made.without_subwords(), 20)
    with pytest.raises(ValueError, match="rows is 0; it must be a whole number of at least 1"):
        prune_subwords(made, 0)
    model, small = tmp_path / "model.safetensors", tmp_path / "small.safetensors"
    made.save(model)
    assert run("convert", model, small, "--prune-subwords", 20, "--precision", "int8").returncode == 0
    found = WordVectors.load(small)
    np.testing.assert_array_equal(found.subwords.buckets, pruned.subwords.buckets)
    assert found.subwords.rows.dtype == np.int8
    np.testing.assert_allclose(found["stalking"], pruned["stalking"], atol=0.05)
    shown = run("info", small).stdout
    assert "n-grams: 3 to 5 characters, 20 rows for 5,000 buckets, the others pruned" in shown
    told = json.loads(run("info", model, "--json").stdout)["subwords"]
    assert told == {"rows": len(made.subwords.rows), "min_n": 3, "max_n": 5, "bucket": 5000, "pruned": False}
    made.without_subwords().save(model)
    found = run("convert", model, small, "--prune-subwords", 20)
    assert (found.returncode, "has no n-grams to prune; leave out --prune-subwords" in found.stderr) == (1, True)
    assert json.loads(run("info", model, "--json").stdout)["subwords"] is None


def test_documents_take_words_outside_the_vocabulary():
    vectors = with_subwords()
    found = vectors.documents([["stalking", "sea", "qqq"], ["qqq"]])
    np.testing.assert_allclose(found[0], (vectors["stalking"] + vectors["sea"]) / 2, rtol=1e-5)
    assert not found[1].any()
    np.testing.assert_allclose(
        vectors.without_subwords().documents([["stalking", "sea"]])[0], vectors["sea"], rtol=1e-6
    )
