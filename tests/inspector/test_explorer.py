import importlib.util
import io
import itertools
import json
import re
import subprocess
import time

import numpy as np
import pytest

from wordkin import WordVectors
from wordkin.errors import ConfigurationError, FormatError, WordkinError, pip_install
from wordkin.inspector import explorer, groups, maps
from wordkin.inspector.api import Inspected, RequestError
from wordkin.inspector.explorer import CALLS
from wordkin.inspector.maps import Layout, principal_plane

WORDS = ["the", "cat", "Cat", "cats", "car", "dog", "路", "路人", "ÉTÉ", "été"]


@pytest.fixture
def vectors():
    matrix = np.random.default_rng(1).standard_normal((len(WORDS), 6))
    return WordVectors.from_arrays(WORDS, matrix, range(20, 10, -1))


@pytest.fixture
def inspected(vectors):
    return Inspected("model", vectors)


def completed(inspected, prefix, **options):
    return [each["word"] for each in explorer.complete(inspected, {"prefix": prefix, **options})["words"]]


class TestComplete:
    def test_begins_with_the_prefix_most_frequent_first(self, inspected):
        assert completed(inspected, "ca") == ["cat", "cats", "car"]
        assert completed(inspected, "路") == ["路", "路人"]
        assert completed(inspected, "ca", count=1) == ["cat"]
        assert completed(inspected, "zebra") == completed(inspected, "cats and dogs") == []

    def test_offers_other_spellings_where_no_word_begins_so(self, inspected):
        assert completed(inspected, "dgo") == ["dog"]
        assert completed(inspected, "kat") == ["cat", "Cat"]
        assert completed(inspected, "kat", count=1) == ["cat"]

    def test_takes_any_case_where_asked(self, inspected):
        assert completed(inspected, "AT") == ["Cat", "cat"]  # no word begins with these letters
        assert completed(inspected, "CAT", ignore_case=True) == ["cat", "Cat", "cats"]
        assert completed(inspected, "é", ignore_case=True) == ["ÉTÉ", "été"]

    def test_letters_whose_cases_differ_in_length(self):
        vectors = WordVectors.from_arrays(["\u212aelvin", "kelvin", "straße", "STRASSE"], np.eye(4))
        inspected = Inspected("model", vectors)
        assert completed(inspected, "KEL", ignore_case=True) == ["\u212aelvin", "kelvin"]
        assert completed(inspected, "strasse", ignore_case=True) == ["straße", "STRASSE"]

    def test_looks_behind_the_first_block(self, monkeypatch, inspected):
        monkeypatch.setattr(explorer, "_BLOCK_WORDS", 3)
        assert completed(inspected, "ca") == ["cat", "cats", "car"]
        assert completed(inspected, "é") == ["été"]

    def test_a_lone_surrogate_finds_nothing(self, inspected):
        assert completed(inspected, "\ud800") == []


class TestWord:
    def test_answers_as_the_vectors_do(self, inspected, vectors):
        answer = explorer.word(inspected, {"word": "cat", "count": 3})
        assert [(each["word"], each["score"]) for each in answer["neighbours"]] == vectors.most_similar("cat", topn=3)
        assert all(vectors.index_to_key[each["row"]] == each["word"] for each in answer["neighbours"])
        assert (answer["row"], answer["count"]) == (1, 19)
        assert answer["norm"] == pytest.approx(float(vectors.norms[1]), rel=1e-6)
        assert answer["per_million"] == pytest.approx(19e6 / sum(range(11, 21)))

    def test_unknown_words(self, inspected):
        assert explorer.word(inspected, {"word": "kat"}) == {"unknown": ["kat"]}
        assert "cats" in explorer.closest(inspected, {"word": "catz"})["words"]

    def test_a_vector_of_nan_is_refused(self):
        vectors = WordVectors.from_arrays(["a", "b"], [[np.nan, 1], [1, 1]])
        with pytest.raises(RequestError, match="NaN"):
            explorer.word(Inspected("model", vectors), {"word": "a"})
        assert explorer.word(Inspected("model", vectors), {"word": "b"})["neighbours"] == []

    def test_a_single_word_and_a_vector_of_zeros(self):
        alone = Inspected("model", WordVectors.from_arrays(["a"], [[0.0]]))
        answer = explorer.word(alone, {"word": "a"})
        assert (answer["neighbours"], answer["norm"]) == ([], 0)


def test_analogy_answers_as_the_vectors_do(inspected, vectors):
    asked = {"a": "cat", "b": "cats", "c": "dog", "count": 4}
    for method in ("3cosadd", "3cosmul"):
        answer = explorer.analogy(inspected, {**asked, "method": method})
        expected = vectors.analogy("cat", "cats", "dog", 4, method=method)
        assert [(each["word"], each["score"]) for each in answer["answers"]] == expected
        assert answer["rows"] == [vectors.row(word) for word in ("cat", "cats", "dog")]
    assert explorer.analogy(inspected, {"a": "x", "b": "cat", "c": "y"}) == {"unknown": ["x", "y"]}
    with pytest.raises(RequestError, match="method"):
        explorer.analogy(inspected, {**asked, "method": "other"})


class TestAxis:
    def test_places_by_where_unit_vectors_fall_on_the_line(self, inspected, vectors):
        answer = explorer.axis(inspected, {"a": "cat", "b": "dog", "words": ["the", "car", "nowhere"]})
        units = vectors.unit_vectors(slice(None)).astype(float)
        first, last = units[1], units[5]
        line = (last - first) / np.square(last - first).sum()
        expected = {word: 2 * (units[vectors.row(word)] - first) @ line - 1 for word in ("cat", "dog", "the", "car")}
        assert {each["word"]: each["place"] for each in answer["places"]} == pytest.approx(expected, abs=1e-6)
        assert (expected["cat"], expected["dog"]) == pytest.approx((-1, 1))
        assert answer["missing"] == ["nowhere"]
        assert all(vectors.index_to_key[each["row"]] == each["word"] for each in answer["places"])

    def test_takes_the_neighbours_of_both(self, inspected, vectors):
        answer = explorer.axis(inspected, {"a": "cat", "b": "dog", "count": 2})
        near = [word for word, _ in vectors.most_similar(["cat", "dog"], topn=2)]
        assert [each["word"] for each in answer["places"]] == ["cat", "dog", *near]

    def test_needs_two_directions(self, inspected):
        with pytest.raises(RequestError, match="same direction"):
            explorer.axis(inspected, {"a": "cat", "b": "cat"})
        assert explorer.axis(inspected, {"a": "kat", "b": "dog"}) == {"unknown": ["kat"]}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("complete", {}),
        ("complete", {"prefix": ""}),
        ("complete", {"prefix": "a" * 1001}),
        ("complete", {"prefix": "a", "count": 0}),
        ("complete", {"prefix": "a", "count": 1001}),
        ("complete", {"prefix": "a", "count": True}),
        ("word", {"word": 7}),
        ("word", {"word": "cat", "count": 1.5}),
        ("analogy", {"a": "cat", "b": "cat"}),
        ("axis", {"a": "cat", "b": "dog", "words": "cat"}),
        ("axis", {"a": "cat", "b": "dog", "words": ["cat"] * 201}),
        ("axis", {"a": "cat", "b": "dog", "words": [3]}),
        ("plane", {"method": "tsne"}),
        ("plane", {"method": "mds"}),
        ("layout", {"method": "pca"}),
        ("plane", {"method": ["pca"]}),
        ("plane", {"method": "umap"}),
        ("layout", {"action": "start"}),
    ],
)
def test_bad_requests_are_refused(inspected, name, body):
    with pytest.raises(RequestError):
        CALLS[name](inspected, body)


@pytest.mark.parametrize("name", CALLS)
def test_without_a_model_all_is_refused(name):
    with pytest.raises(RequestError):
        CALLS[name](Inspected("nothing"), {"prefix": "a", "word": "a", "a": "a", "b": "b", "c": "c"})


def test_all_words_in_one_answer(inspected):
    answer = explorer.words(inspected, {})
    offsets = np.frombuffer(answer[: 4 * (len(WORDS) + 1)], "<u4")
    text = answer[4 * (len(WORDS) + 1) :]
    assert [text[begin:end].decode() for begin, end in itertools.pairwise(offsets)] == WORDS


class TestPlane:
    def test_is_that_of_the_first_two_components(self, inspected, vectors):
        plane = np.frombuffer(explorer.plane(inspected, {}), "<f4").reshape(-1, 2)
        centred = vectors.vectors.astype(float) - vectors.vectors.mean(axis=0)
        _, _, axes = np.linalg.svd(centred, full_matrices=False)
        expected = centred @ axes[:2].T
        assert np.abs(plane) == pytest.approx(np.abs(expected), abs=1e-5)

    @pytest.mark.parametrize("matrix", [[[1.0, 2, 3]], [[1.0], [3.0]], np.zeros((4, 3)), [[1.0, 0], [0, 1]]])
    def test_of_few_words_or_dimensions_is_finite(self, matrix):
        vectors = WordVectors.from_arrays([str(row) for row in range(len(matrix))], matrix)
        plane = principal_plane(vectors)
        assert plane.shape == (len(matrix), 2)
        assert np.isfinite(plane).all()

    def test_leaves_out_what_is_not_finite(self):
        matrix = np.random.default_rng(2).standard_normal((5, 3))
        matrix[2, 1], matrix[4, 0] = np.nan, np.inf
        plane = principal_plane(WordVectors.from_arrays(list("abcde"), matrix))
        assert np.isnan(plane).all(axis=1).tolist() == [False, False, True, False, True]
        assert np.isfinite(plane[[0, 1, 3]]).all()


class TestLayout:
    @pytest.mark.parametrize(("method", "package"), [("umap", "UMAP map needs umap-learn"), ("tsne", "scikit-learn")])
    def test_without_the_package_says_what_to_install(self, monkeypatch, inspected, method, package):
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
        with pytest.raises(RequestError, match=f"{package}: {re.escape(pip_install('map'))}"):
            explorer.layout(inspected, {"action": "begin", "method": method})
        assert explorer.layout(inspected, {}) == {"state": "none"}

    @pytest.fixture
    def job(self, monkeypatch):
        """Stand in for UMAP's process by a program of Python's."""
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
        popen = subprocess.Popen

        def stand_in(program):
            def start(command, **options):
                return popen([command[0], "-c", program, *command[3:]], **options)

            monkeypatch.setattr("wordkin.inspector.maps.subprocess.Popen", start)

        return stand_in

    def test_few_words_are_refused(self, job):
        job("")
        with pytest.raises(ConfigurationError, match="10 words"):
            Layout(WordVectors.from_arrays(["a", "b"], np.eye(2)), "umap")

    def test_is_followed_until_it_is_done(self, job, inspected):
        job(
            "import sys, numpy as np; print('stage layout 0.5', flush=True)\n"
            "np.save(sys.argv[2], np.load(sys.argv[1])[:, :2])"
        )
        assert explorer.layout(inspected, {"action": "begin"})["words"] == len(WORDS)
        answer = awaited(inspected)
        assert (answer["state"], answer["progress"]) == ("done", 1)
        json.dumps(answer)
        plane = np.frombuffer(explorer.plane(inspected, {"method": "umap"}), "<f4").reshape(-1, 2)
        assert (plane == inspected.vectors.unit_vectors(slice(None))[:, :2]).all()

    def test_tells_the_stage_and_for_how_long_it_has_been_at_it(self, job, inspected):
        job(
            "import sys, time\n"
            "for line in ('stage loading', 'Fri stage', 'stage neighbours', 'stage neighbours 0.214', 'stage x 0.5'):\n"
            "    print(line, flush=True)\n"
            "time.sleep(60)"
        )
        begun = time.monotonic()
        assert explorer.layout(inspected, {"action": "begin"})["stage"] == "loading"
        while (answer := explorer.layout(inspected, {}))["progress"] is None:
            assert time.monotonic() < begun + 60
            time.sleep(0.01)
        assert (answer["state"], answer["stage"], answer["progress"]) == ("running", "neighbours", 0.214)
        time.sleep(0.1)
        assert 0.1 <= explorer.layout(inspected, {})["seconds"] < time.monotonic() - begun
        explorer.layout(inspected, {"action": "cancel"})

    def test_passes_of_the_search_and_epochs_become_shares(self):
        out = io.StringIO()
        passes, bar = maps.Passes(out), maps.Bar(out)
        for text in ("Finding", " Neighbors\n\t 3  /", "  14\n", "\tStopping after 3 / 14 or so\n"):
            passes.write(text)
        for text in ("\r", "0/200", "50/200", "?/200"):
            bar.write(text)
        passes.write("[t-SNE] Computed conditional probabilities for sample 3000 / 4000\n")
        passes.write("[t-SNE] Iteration 650: error = 1.5, gradient norm = 0.01 (50 iterations in 1.2s)\n")
        assert out.getvalue().splitlines() == [
            "Finding Neighbors",
            "stage neighbours 0.214",
            "\tStopping after 3 / 14 or so",
            "stage layout 0.000",
            "stage layout 0.250",
            "stage neighbours 0.750",
            "stage layout 0.650",
        ]

    def test_each_method_has_its_own_layout(self, job, inspected):
        job(
            "import sys, numpy as np; shift = {'umap': 0, 'tsne': 2}[sys.argv[3]]\n"
            "np.save(sys.argv[2], np.load(sys.argv[1])[:, shift : shift + 2])"
        )
        for method, shift in (("umap", 0), ("tsne", 2)):
            explorer.layout(inspected, {"action": "begin", "method": method})
            assert awaited(inspected, method)["state"] == "done"
            plane = np.frombuffer(explorer.plane(inspected, {"method": method}), "<f4").reshape(-1, 2)
            assert (plane == inspected.vectors.unit_vectors(slice(None))[:, shift : shift + 2]).all()

    def test_t_sne_takes_the_most_frequent_words(self, job, monkeypatch, inspected):
        monkeypatch.setitem(maps.METHODS, "tsne", maps.METHODS["tsne"]._replace(most_words=10))
        job("import sys, numpy as np; np.save(sys.argv[2], np.load(sys.argv[1])[:, :2])")
        explorer.layout(inspected, {"action": "begin", "method": "tsne"})
        assert awaited(inspected, "tsne")["words"] == 10
        assert len(explorer.plane(inspected, {"method": "tsne"})) == 10 * 8

    def test_ends_with_the_server(self, job, inspected):
        server = pytest.importorskip("wordkin.inspector.server", reason="the extra web is not installed")
        job("import time; time.sleep(60)")
        explorer.layout(inspected, {"action": "begin"})
        with server.Server(inspected):
            assert explorer.layout(inspected, {})["state"] == "running"
        assert explorer.layout(inspected, {})["state"] == "cancelled"

    def test_can_be_cancelled_and_begun_again(self, job, inspected):
        job("import time; time.sleep(60)")
        explorer.layout(inspected, {"action": "begin"})
        begun = time.monotonic()
        assert explorer.layout(inspected, {"action": "cancel"})["state"] == "cancelled"
        assert time.monotonic() - begun < 30
        assert explorer.layout(inspected, {"action": "begin"})["state"] == "running"
        explorer.layout(inspected, {"action": "cancel"})

    def test_a_failure_is_told(self, job, inspected):
        job("raise MemoryError('no room')")
        explorer.layout(inspected, {"action": "begin"})
        answer = awaited(inspected)
        assert answer["state"] == "failed"
        assert "no room" in answer["message"]

    @pytest.mark.skipif(importlib.util.find_spec("umap") is None, reason="the extra map is not installed")
    @pytest.mark.slow
    @pytest.mark.parametrize("method", ["umap", "tsne"])
    def test_the_real_one_keeps_apart_what_is_apart(self, monkeypatch, method):
        stages = []

        class Followed(maps.Layout):
            def __setattr__(self, name, value):
                if name == "stage":
                    stages.append(value)
                super().__setattr__(name, value)

        monkeypatch.setattr(maps, "Layout", Followed)
        monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # compiling UMAP's loops takes a minute, these words a few seconds
        near = np.random.default_rng(1).standard_normal((60, 20)) / 10
        near[:30, 0] += 1
        near[30:, 1] += 1
        inspected = Inspected("model", WordVectors.from_arrays([f"w{number}" for number in range(60)], near))
        explorer.layout(inspected, {"action": "begin", "method": method})
        answer = awaited(inspected, method, 600)
        assert (answer["state"], answer["progress"]) == ("done", 1), answer
        assert list(dict.fromkeys(stages)) == ["loading", "neighbours", "layout"]
        plane = np.frombuffer(explorer.plane(inspected, {"method": method}), "<f4").reshape(-1, 2)
        middles = plane[:30].mean(0), plane[30:].mean(0)
        to_own, to_other = (np.linalg.norm(plane[:30] - middle, axis=1) for middle in middles)
        assert (to_own < to_other).all()


def awaited(inspected, method="umap", seconds=120):
    end = time.monotonic() + seconds
    while explorer.layout(inspected, {"method": method})["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.02)
    return explorer.layout(inspected, {"method": method})


def test_errors_are_of_one_line(inspected):
    for name, body in [("word", {}), ("plane", {"method": "x"}), ("layout", {"action": 1})]:
        with pytest.raises(WordkinError) as error:
            CALLS[name](inspected, body)
        assert "\n" not in str(error.value)


class TestGroups:
    def groups(self, inspected, by):
        of = np.frombuffer(CALLS["group_of"](inspected, {"by": by}), np.uint8)
        return CALLS["groups"](inspected, {"by": by}), of

    def test_frequency_goes_by_powers_of_ten(self):
        inspected = Inspected("m", WordVectors.from_arrays(["a", "b", "c", "d"], np.eye(4), [1000, 999, 100, 3]))
        found, of = self.groups(inspected, "frequency")
        assert found == {"names": ["1–9", "100–999", "1,000–9,999"], "ordered": True, "others": 0, "labels": False}
        assert of.tolist() == [2, 1, 1, 0]

    def test_clusters_are_directions_named_by_their_central_words(self):
        generator = np.random.default_rng(2)
        centres = 10 * np.eye(12)[:10]
        matrix = np.concatenate([centres + 0.1 * generator.standard_normal((10, 12)) for _ in range(30)])
        matrix[299] = np.nan
        matrix *= generator.uniform(0.5, 2, (300, 1))  # the length does not matter
        inspected = Inspected("m", WordVectors.from_arrays([f"w{row}" for row in range(300)], matrix))
        found, of = self.groups(inspected, "cluster")
        assert of[299] == groups.NONE
        assert all((of[:299][start::10] == of[start]).all() for start in range(10))
        assert len(set(of[:10].tolist())) == len(found["names"]) == 10
        for number, name in enumerate(found["names"]):
            assert {of[int(word[1:])] for word in name.split(" · ")} == {number}
        assert inspected.groupings.get("cluster", inspected.vectors) is inspected.groupings.get(
            "cluster", inspected.vectors
        )

    def test_there_may_be_nothing_to_cluster(self):
        inspected = Inspected("m", WordVectors.from_arrays(["a"], np.eye(1)))
        assert self.groups(inspected, "cluster")[0]["names"] == []

    def test_values_are_groups_and_rare_ones_are_one_group(self):
        values = [None, *(letter for place, letter in enumerate("abcdefghijkl") for _ in range(20 - place))]
        found = groups.by_value(values)
        assert found.names == list("abcdefghi")
        assert (found.of[0], found.others, found.ordered) == (groups.NONE, 3, False)
        assert set(found.of[-20:].tolist()) == {9}

    def test_numbers_with_many_values_are_steps(self):
        found = groups.by_value([None, *map(str, range(60))])
        assert found.ordered
        assert found.of.tolist() == [groups.NONE, *(row // 10 for row in range(60))]
        assert len(found.names) == groups.STEPS

    def test_columns_are_read_by_word(self, tmp_path, vectors):
        path = tmp_path / "columns.tsv"
        path.write_text("word\tkind\tyear\ndog\tanimal\t1\nzebra\tanimal\t2\n路\t\t3\n", encoding="utf-8")
        inspected = Inspected("m", vectors, groupings=groups.Groupings(groups.read_columns(path, vectors)))
        assert inspected.groupings.names == ["frequency", "cluster", "column:kind", "column:year"]
        found, of = self.groups(inspected, "column:kind")
        assert found["names"] == ["animal"]
        assert of.tolist() == [groups.NONE] * 5 + [0] + [groups.NONE] * 4
        with pytest.raises(RequestError, match="by is 'shape'"):
            explorer.groups(inspected, {"by": "shape"})

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("dog\ncat\n", "line 1: give the names of the columns, separated by tabs"),
            ("word\ta\ta\ndog\t1\t2\n", "names of the columns must differ"),
            ("word\t\ndog\t1\n", "none may be empty"),
            ("word\ta\ndog\t1\t2\n", "line 2: 3 fields, but line 1 has 2"),
            ("word\ta\ndog\t1\ncat\t2\ndog\t3\n", "line 4: 'dog' is in line 2, too"),
            ("word\ta\nzebra\t1\n", "none of its words is in the model"),
            ("", "give the names of the columns"),
        ],
    )
    def test_a_malformed_file_is_refused(self, tmp_path, vectors, text, said):
        path = tmp_path / "columns.tsv"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FormatError, match=said):
            groups.read_columns(path, vectors)


class TestArithmetic:
    def test_is_the_vectors_own(self, inspected, vectors):
        answer = CALLS["arithmetic"](inspected, {"plus": ["cat", "dog"], "minus": ["car"], "count": 3})
        assert [(each["word"], each["score"]) for each in answer["answers"]] == vectors.most_similar(
            ["cat", "dog"], ["car"], topn=3
        )
        assert answer["rows"] == [1, 5, 4]
        assert CALLS["arithmetic"](inspected, {"plus": ["cat", "zebra"], "minus": ["yak"]}) == {
            "unknown": ["zebra", "yak"]
        }
        with pytest.raises(RequestError):
            explorer.arithmetic(inspected, {})

    def test_similarities_are_those_of_each_pair(self, inspected, vectors):
        answer = CALLS["similarities"](inspected, {"words": ["cat", "zebra", "dog", "cat"]})
        assert [each["word"] for each in answer["words"]] == ["cat", "dog"]
        cosine = vectors.similarity("cat", "dog")
        assert np.array(answer["cosines"]) == pytest.approx(np.array([[1, cosine], [cosine, 1]]))
        assert answer["missing"] == ["zebra"]
