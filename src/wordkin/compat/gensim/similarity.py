"""The queries and the evaluation of gensim's KeyedVectors, with its arguments, its errors and its structures."""

import itertools
import logging
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim import utils
from wordkin.errors import MissingPackageError

logger = logging.getLogger("gensim.models.keyedvectors")

Found = list[tuple[Any, float]]
Vector = npt.NDArray[Any]

_QUESTIONS = 256  # analogies that are answered by one matrix product
_EPSILON = 1e-6  # keeps 3CosMul's quotient finite


class Similarity:
    """The queries; what they need of :class:`KeyedVectors` is declared here."""

    vector_size: int
    vectors: npt.NDArray[Any]
    index_to_key: list[Any]
    key_to_index: dict[Hashable, int]
    norms: npt.NDArray[Any] | None

    if TYPE_CHECKING:

        def get_vector(self, key: Any, norm: bool = False) -> Vector:
            """See KeyedVectors."""
            raise NotImplementedError

        def get_index(self, key: Any, default: Any = None) -> int:
            """See KeyedVectors."""
            raise NotImplementedError

        def fill_norms(self, force: bool = False) -> None:
            """See KeyedVectors."""

        def get_normed_vectors(self) -> Vector:
            """See KeyedVectors."""
            raise NotImplementedError

        def __getitem__(self, key_or_keys: Any) -> Vector: ...
        def __contains__(self, key: Any) -> bool: ...

    def get_mean_vector(
        self,
        keys: Any,
        weights: Any = None,
        pre_normalize: bool = True,
        post_normalize: bool = False,
        ignore_missing: bool = True,
    ) -> npt.NDArray[np.float32]:
        """The weighted mean of the vectors of some keys.

        Args:
            keys: keys, rows or vectors.
            weights: the weight of each; 1 where omitted.
            pre_normalize: bring each vector to length 1 first.
            post_normalize: bring the mean to length 1.
            ignore_missing: leave out unknown keys, which are an error otherwise.

        Raises:
            KeyError: a key is unknown.
            ValueError: there are no keys, or as many weights as keys are not given.
        """
        if len(keys) == 0:
            raise ValueError("cannot compute mean with no input")
        keys = [keys] if isinstance(keys, str) else list(keys)
        shares = np.ones(len(keys)) if weights is None else np.asarray(weights, np.float64)
        if shares.shape != (len(keys),):
            raise ValueError("keys and weights array must have same number of elements")
        mean, total = np.zeros(self.vector_size), 0.0
        for key, share in zip(keys, shares, strict=True):
            if isinstance(key, np.ndarray):
                mean += share * (unit(key) if pre_normalize else key)
            elif key in self:
                vector = self.get_vector(key)
                mean += share * (unit(vector) if pre_normalize else vector)
            elif ignore_missing:
                continue
            else:
                raise KeyError(f"Key '{key}' not present in vocabulary")
            total += abs(share)
        mean = mean / total if total else mean
        return np.asarray(unit(mean) if post_normalize else mean, np.float32)

    def most_similar(
        self,
        positive: Any = None,
        negative: Any = None,
        topn: Any = 10,
        clip_start: int = 0,
        clip_end: int | None = None,
        restrict_vocab: int | None = None,
        indexer: Any = None,
    ) -> Any:
        """The keys whose vectors are nearest to the mean of the positive ones minus the negative ones.

        Args:
            positive: keys, rows, vectors, or pairs of one of them and its weight; or a single one.
            negative: likewise; their weights are negated.
            topn: how many; None for the similarities of all rows, as an array.
            clip_start: the first row to look at.
            clip_end: the row behind the last one.
            restrict_vocab: the number of first rows to look at.
            indexer: an index of the vectors, whose method ``most_similar(vector, topn)`` is asked instead.

        Raises:
            KeyError: a key is unknown.
            ValueError: nothing is given.
        """
        if topn is not None and _is_whole(topn) and topn < 1:
            return []
        mean, given = self._target(positive, negative)
        if indexer is not None and isinstance(topn, int):
            return indexer.most_similar(mean, topn)
        self.fill_norms()
        assert self.norms is not None
        rows = slice(clip_start or 0, restrict_vocab or clip_end)
        with np.errstate(invalid="ignore", divide="ignore"):
            similarities = self.vectors[rows] @ mean / self.norms[rows]
        if topn is None:
            return similarities
        return self._best(similarities, topn, given, rows.start)

    def most_similar_cosmul(
        self, positive: Any = None, negative: Any = None, topn: Any = 10, restrict_vocab: int | None = None
    ) -> Any:
        """The keys nearest to the positive ones and far from the negative ones, by 3CosMul (Levy and Goldberg 2014).

        Raises:
            KeyError: a key is unknown.
            ValueError: nothing is given.
        """
        if topn is not None and _is_whole(topn) and topn < 1:
            return []
        wanted, unwanted = _as_list(positive), _as_list(negative)
        if not wanted:
            raise ValueError("cannot compute similarity with no input")
        given = {self.get_index(one, -1) for one in wanted + unwanted if not isinstance(one, np.ndarray)}
        normed = self.get_normed_vectors()[: restrict_vocab or None]
        scores = np.ones(len(normed))
        for terms, sign in ((wanted, 1), (unwanted, -1)):
            for term in terms:
                vector = term if isinstance(term, np.ndarray) else self.get_vector(term)
                shifted = (1 + normed @ unit(vector).astype(normed.dtype)) / 2
                scores *= shifted if sign > 0 else 1 / (shifted + _EPSILON)
        if not unwanted:
            scores /= 1 + _EPSILON
        return scores if topn is None else self._best(scores, topn, given, 0)

    def similar_by_key(self, key: Any, topn: Any = 10, restrict_vocab: int | None = None) -> Any:
        """The nearest keys of a key."""
        return self.most_similar([key], topn=topn, restrict_vocab=restrict_vocab)

    def similar_by_word(self, word: Any, topn: Any = 10, restrict_vocab: int | None = None) -> Any:
        """The nearest keys of a key."""
        return self.similar_by_key(word, topn, restrict_vocab)

    def similar_by_vector(self, vector: Any, topn: Any = 10, restrict_vocab: int | None = None) -> Any:
        """The nearest keys of a vector."""
        return self.most_similar([np.asarray(vector)], topn=topn, restrict_vocab=restrict_vocab)

    def similarity(self, w1: Any, w2: Any) -> np.float32:
        """The cosine of two keys' vectors."""
        return np.float32(unit(self.get_vector(w1)) @ unit(self.get_vector(w2)))

    def distance(self, w1: Any, w2: Any) -> np.float32:
        """1 minus the cosine of two keys' vectors."""
        return np.float32(1) - self.similarity(w1, w2)

    def n_similarity(self, ws1: Sequence[Any], ws2: Sequence[Any]) -> np.float32:
        """The cosine of the means of two lists of keys.

        Raises:
            ZeroDivisionError: a list is empty.
        """
        if not (len(ws1) and len(ws2)):
            raise ZeroDivisionError("At least one of the passed list is empty.")
        one, other = (self._plain_mean(keys) for keys in (ws1, ws2))
        return np.float32(unit(one) @ unit(other))

    def _plain_mean(self, keys: Sequence[Any]) -> Vector:
        found = [self.get_vector(key).astype(np.float64) for key in keys if key in self]
        mean: Vector = np.mean(found, axis=0) if found else np.zeros(self.vector_size)
        return mean

    def distances(self, word_or_vector: Any, other_words: Sequence[Any] = ()) -> npt.NDArray[np.float32]:
        """1 minus the cosine of a key, or a vector, to others: all keys, if none are given."""
        vector = word_or_vector if isinstance(word_or_vector, np.ndarray) else self.get_vector(word_or_vector)
        others = self[list(other_words)] if len(other_words) else self.vectors
        return np.asarray(1 - self.cosine_similarities(vector, others), np.float32)

    @staticmethod
    def cosine_similarities(vector_1: Vector, vectors_all: Vector) -> Vector:
        """The cosines of a vector and each of some others."""
        with np.errstate(invalid="ignore", divide="ignore"):
            lengths = np.linalg.norm(vector_1) * np.linalg.norm(vectors_all, axis=1)
            similarities: Vector = vectors_all @ vector_1 / lengths
        return similarities

    def closer_than(self, key1: Any, key2: Any) -> list[Any]:
        """All keys that are nearer to the first key than the second one is."""
        distances, row = self.distances(key1), self.get_index(key1)
        nearer = np.flatnonzero(distances < distances[self.get_index(key2)])
        return [self.index_to_key[other] for other in nearer if other != row]

    def words_closer_than(self, word1: Any, word2: Any) -> list[Any]:
        """The keys that are nearer to the first one than the second is."""
        return self.closer_than(word1, word2)

    def rank(self, key1: Any, key2: Any) -> int:
        """The place of the second key among the nearest ones of the first, from 1."""
        return len(self.closer_than(key1, key2)) + 1

    def most_similar_to_given(self, key1: Any, keys_list: Sequence[Any]) -> Any:
        """That one of some keys which is most similar to a key."""
        return keys_list[int(np.argmax([self.similarity(key1, key) for key in keys_list]))]

    def rank_by_centrality(self, words: Iterable[Any], use_norm: bool = True) -> list[tuple[Any, Any]]:
        """Known keys, with their similarity to the mean of all of them, the most central one first.

        Raises:
            ValueError: none of the keys is known.
        """
        wanted = list(words)
        known = [word for word in wanted if word in self]
        if len(known) < len(wanted):
            logger.warning(
                "vectors for words %s are not present in the model, ignoring these words", set(wanted) - set(known)
            )
        if not known:
            raise ValueError("cannot select a word from an empty list")
        vectors = np.vstack([self.get_vector(word, norm=use_norm) for word in known])
        mean = self.get_mean_vector(vectors, post_normalize=True)
        return sorted(zip(vectors @ mean, known, strict=True), key=lambda pair: -pair[0])

    def doesnt_match(self, words: Iterable[Any]) -> Any:
        """The key that is least similar to the mean of all.

        Raises:
            ValueError: none of the keys is known.
        """
        return self.rank_by_centrality(words)[-1][1]

    def relative_cosine_similarity(self, wa: Any, wb: Any, topn: int = 10) -> float:
        """The similarity of two keys as a share of the sum of those of the first key's nearest ones."""
        nearest = self.similar_by_key(wa, topn)
        return float(self.similarity(wa, wb) / sum(similarity for _, similarity in nearest))

    def wmdistance(self, document1: Iterable[Any], document2: Iterable[Any], norm: bool = True) -> float:
        """Word mover's distance of two lists of words (Kusner et al. 2015); infinite where one has no known words.

        Raises:
            MissingPackageError: POT is not installed.
        """
        try:
            from ot import emd2
        except ImportError:
            raise MissingPackageError("wmdistance needs POT, which is not installed: pip install POT") from None
        documents = [[word for word in document if word in self] for document in (document1, document2)]
        if not all(documents):
            logger.warning("At least one of the documents had no words that were in the vocabulary.")
            return float("inf")
        words = list(dict.fromkeys([*documents[0], *documents[1]]))
        if len(words) == 1:
            return 0.0
        vectors = np.vstack([self.get_vector(word, norm=norm) for word in words]).astype(np.float64)
        squares = (vectors**2).sum(axis=1)
        costs = np.sqrt(np.maximum(squares[:, np.newaxis] + squares - 2 * vectors @ vectors.T, 0))
        np.fill_diagonal(costs, 0)
        shares = [np.array([document.count(word) for word in words]) / len(document) for document in documents]
        return float(emd2(*shares, costs))

    def evaluate_word_analogies(
        self,
        analogies: Any,
        restrict_vocab: int = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
        similarity_function: str = "most_similar",
    ) -> tuple[float, list[dict[str, Any]]]:
        """Answer a file of analogies, whose sections begin with a colon.

        Args:
            analogies: the file.
            restrict_vocab: the number of first rows to look at, also for the questions.
            case_insensitive: compare words in upper case.
            dummy4unknown: count questions with unknown words as wrong; they are left out otherwise.
            similarity_function: the name of the method that answers.

        Returns:
            The share of right answers, and for each section, and for all of them, what was right and what was wrong.
        """
        forms = self._forms(restrict_vocab, case_insensitive)
        sections: list[dict[str, Any]] = []
        questions: list[tuple[dict[str, Any], list[str]]] = []
        left_out = 0
        with utils.open(analogies, "rb") as file:
            for number, raw in enumerate(file):
                line = utils.to_unicode(raw)
                if line.startswith(": "):
                    sections.append({"section": line.removeprefix(": ").strip(), "correct": [], "incorrect": []})
                    continue
                if not sections:
                    raise ValueError(f"Missing section header before line #{number} in {analogies}")
                words = line.upper().split() if case_insensitive else line.split()
                if len(words) != 4:
                    logger.info("Skipping invalid line #%i in %s", number, analogies)
                elif all(word in forms for word in words):
                    questions.append((sections[-1], words))
                elif dummy4unknown:
                    sections[-1]["incorrect"].append(tuple(words))
                else:
                    left_out += 1
        for (section, words), answer in zip(
            questions, self._answers(questions, forms, restrict_vocab, similarity_function), strict=True
        ):
            section["correct" if answer == words[3] else "incorrect"].append(tuple(words))
        total = {
            "section": "Total accuracy",
            **{kind: [one for section in sections for one in section[kind]] for kind in ("correct", "incorrect")},
        }
        if left_out:
            logger.info("Quadruplets with out-of-vocabulary words: %i, left out", left_out)
        answered = len(total["correct"]) + len(total["incorrect"])
        return (len(total["correct"]) / answered if answered else 0.0), [*sections, total]

    def _answers(
        self,
        questions: Sequence[tuple[Any, list[str]]],
        forms: dict[str, Any],
        restrict_vocab: int,
        similarity_function: str,
    ) -> Iterator[str | None]:
        """Yield the best answer to a : b = c : ? among `forms`, without the three words; None if there is none."""
        form_of = {key: form for form, key in forms.items()}
        if similarity_function != "most_similar" or type(self).most_similar is not Similarity.most_similar:
            for _, (a, b, c, _) in questions:
                found = getattr(self, similarity_function)(
                    positive=[forms[b], forms[c]], negative=[forms[a]], topn=5, restrict_vocab=restrict_vocab
                )
                best = (form_of.get(key) for key, _ in found)
                yield next((form for form in best if form is not None and form not in (a, b, c)), None)
            return
        normed = self.get_normed_vectors()[:restrict_vocab]
        place = {form: self.key_to_index[key] for form, key in forms.items()}
        is_form = np.zeros(len(normed), bool)
        is_form[list(place.values())] = True
        for begin in range(0, len(questions), _QUESTIONS):
            rows = np.array([[place[word] for word in words[:3]] for _, words in questions[begin : begin + _QUESTIONS]])
            scores = (normed[rows[:, 1]] + normed[rows[:, 2]] - normed[rows[:, 0]]) @ normed.T
            scores[:, ~is_form] = -np.inf
            np.put_along_axis(scores, rows, -np.inf, axis=1)
            yield from (form_of[self.index_to_key[row]] for row in scores.argmax(axis=1))

    def evaluate_word_pairs(
        self,
        pairs: Any,
        delimiter: str = "\t",
        encoding: str = "utf8",
        restrict_vocab: int = 300_000,
        case_insensitive: bool = True,
        dummy4unknown: bool = False,
    ) -> tuple[Any, Any, float]:
        """Compare similarities with those of people: a file with two words and a number in each line.

        Args:
            pairs: the file; lines that begin with # are comments.
            delimiter: what separates the three.
            encoding: of the file.
            restrict_vocab: the number of first rows to look at.
            case_insensitive: compare words in upper case.
            dummy4unknown: let pairs with an unknown word have the similarity 0; they are left out otherwise.

        Returns:
            Pearson's and Spearman's coefficients with their p-values, and the percentage of pairs left out.

        Raises:
            ValueError: no pair is known.
        """
        from scipy import stats

        forms = self._forms(restrict_vocab, case_insensitive)
        ours: list[float] = []
        theirs: list[float] = []
        unknown = 0
        with utils.open(pairs, "rb") as file:
            for number, raw in enumerate(file):
                line = utils.to_unicode(raw, encoding).rstrip("\n")
                if not line or line.startswith("#"):
                    continue
                fields = line.split(delimiter)
                try:
                    (one, other), wanted = fields[:2], float(fields[2])
                except (ValueError, IndexError):
                    logger.info("Skipping invalid line #%d in %s", number, pairs)
                    continue
                if case_insensitive:
                    one, other = one.upper(), other.upper()
                if one in forms and other in forms:
                    ours.append(float(self.similarity(forms[one], forms[other])))
                    theirs.append(wanted)
                    continue
                unknown += 1
                if dummy4unknown:
                    ours.append(0.0)
                    theirs.append(wanted)
        if not ours:
            raise ValueError(
                f"No valid similarity judgements found in {pairs}: either invalid format or all are out-of-vocabulary "
                f"in {self}"
            )
        share = unknown / (len(ours) if dummy4unknown else len(ours) + unknown) * 100
        return stats.pearsonr(theirs, ours), stats.spearmanr(theirs, ours), share

    @staticmethod
    def log_accuracy(section: dict[str, Any]) -> float | None:
        """Log, and return, the share of right answers of a section of analogies."""
        correct, incorrect = len(section["correct"]), len(section["incorrect"])
        if not correct + incorrect:
            return None
        score = correct / (correct + incorrect)
        logger.info("%s: %.1f%% (%i/%i)", section["section"], 100 * score, correct, correct + incorrect)
        return score

    @staticmethod
    def log_evaluate_word_pairs(pearson: Any, spearman: Any, oov: float, pairs: Any) -> None:
        """Log what :meth:`evaluate_word_pairs` returned."""
        logger.info("Pearson correlation coefficient against %s: %.4f", pairs, pearson[0])
        logger.info("Spearman rank-order correlation coefficient against %s: %.4f", pairs, spearman[0])
        logger.info("Pairs with unknown words ratio: %.1f%%", oov)

    def _forms(self, restrict_vocab: int, case_insensitive: bool) -> dict[str, Any]:
        """The first keys by the form in which they are compared; of keys with the same form the first counts."""
        keys = [key for key in itertools.islice(self.index_to_key, restrict_vocab) if isinstance(key, str)]
        if not case_insensitive:
            return {key: key for key in keys}
        return {key.upper(): key for key in reversed(keys)}

    def _target(self, positive: Any, negative: Any) -> tuple[Vector, set[int]]:
        """The mean that a query asks for, at length 1, and the rows of the keys in it."""
        keys: list[Any] = []
        weights: list[float] = []
        for terms, sign in ((_as_list(positive), 1.0), (_as_list(negative), -1.0)):
            for term in terms:
                key, weight = term if isinstance(term, tuple) and term not in self.key_to_index else (term, 1.0)
                keys.append(key)
                weights.append(sign * weight)
        mean = self.get_mean_vector(keys, weights, post_normalize=True, ignore_missing=False)
        rows = (self.get_index(key, -1) for key in keys if not isinstance(key, np.ndarray))
        return mean, {row for row in rows if row >= 0}

    def _best(self, scores: Vector, topn: Any, given: set[int], begin: int) -> Found:
        """The keys with the highest scores, without the given rows; `scores` are of the rows from `begin` on."""
        number = min(int(topn) + len(given), len(scores))
        best = np.argpartition(-scores, number - 1)[:number] if 0 < number < len(scores) else np.arange(len(scores))
        best = best[np.argsort(-scores[best], kind="stable")]
        found = [(self.index_to_key[begin + row], float(scores[row])) for row in best if begin + row not in given]
        return found[: int(topn)]


def unit(vector: Vector) -> Vector:
    """A vector at length 1, in double precision; one without length stays zero."""
    values = np.asarray(vector, np.float64)
    length = np.linalg.norm(values)
    return values / length if length > 0 else values


def _is_whole(number: Any) -> bool:
    return isinstance(number, int | np.integer)


def _as_list(terms: Any) -> list[Any]:
    """The terms of a query as a list: one key, or one vector, is a list of one."""
    if terms is None:
        return []
    if isinstance(terms, str | bytes | int | np.integer) or (isinstance(terms, np.ndarray) and terms.ndim == 1):
        return [terms]
    if isinstance(terms, tuple) and len(terms) == 2 and isinstance(terms[1], float):
        return [terms]
    return list(terms)


def unitvec(vec: Vector, norm: str = "l2", return_norm: bool = False) -> Any:
    """A vector at length 1, of its own type; one without length stays as it is.

    Raises:
        ValueError: another norm than ``l1`` and ``l2`` is asked for.
    """
    if norm not in ("l1", "l2"):
        raise ValueError(f"'{norm}' is not a supported norm. Currently supported norms are ['l1', 'l2'].")
    values = np.asarray(vec)
    values = values if np.issubdtype(values.dtype, np.floating) else values.astype(np.float32)
    length = float(np.linalg.norm(values, 1 if norm == "l1" else 2))
    scaled = (values / length).astype(values.dtype) if length > 0 else values
    return (scaled, length) if return_norm else scaled


def argsort(x: npt.ArrayLike, topn: int | None = None, reverse: bool = False) -> npt.NDArray[np.intp]:
    """The places of the smallest numbers in rising order, or of the greatest ones in falling order."""
    values = np.asarray(x)
    order = np.argsort(-values if reverse else values, kind="stable")
    return order[:topn] if topn is not None and topn > 0 else order[:0] if topn == 0 else order


def zeros_aligned(
    shape: int | tuple[int, ...], dtype: npt.DTypeLike, order: Any = "C", align: int = 128
) -> npt.NDArray[Any]:
    """An array of zeros whose address is a multiple of `align`."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    room = np.zeros(size + align, np.uint8)
    skip = -room.ctypes.data % align
    return room[skip : skip + size].view(dtype).reshape(shape, order=order)
