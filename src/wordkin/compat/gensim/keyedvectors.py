"""gensim's KeyedVectors, which change; queries are in similarity.py, and word2vec's files in interchange.py."""

import logging
import warnings
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from wordkin.compat.gensim import interchange
from wordkin.compat.gensim.similarity import Similarity, unit
from wordkin.compat.gensim.utils import SaveLoad

logger = logging.getLogger("gensim.models.keyedvectors")

REAL = np.float32
_GONE = {
    "vocab": "use key_to_index, index_to_key, get_vecattr(key, attr) and set_vecattr(key, attr, value)",
    "index2word": "use index_to_key",
    "index2entity": "use index_to_key",
    "vectors_norm": "use get_normed_vectors()",
    "syn0": "use vectors",
    "syn0norm": "use get_normed_vectors()",
}
"""Names of gensim 3, and what gensim 4 has in their place."""


class KeyedVectors(Similarity, SaveLoad):
    """Vectors by key, which can change.

    Args:
        vector_size: length of the vectors.
        count: make room for that many.
        dtype: type of the numbers.
        mapfile_path: kept, not used.

    Attributes:
        vectors: (keys, vector_size) the vectors; row i belongs to ``index_to_key[i]``.
        index_to_key: the keys in row order; None where a row has none yet.
        key_to_index: the row of each key.
        norms: (keys,) the length of each vector, once it is needed; None until then.
        expandos: what is known of the keys by :meth:`get_vecattr`: name to an array with a value for each row.
        vectors_lockf: (keys,), or (1,) for all: 1 to train a vector, 0 to leave it as it is.
        next_index: the row that the next key of :meth:`add_vector` gets.
    """

    def __init__(
        self, vector_size: int, count: int = 0, dtype: npt.DTypeLike = np.float32, mapfile_path: Any = None
    ) -> None:
        self.vector_size = vector_size
        self.index_to_key: list[Any] = [None] * count
        self.next_index = 0
        self.key_to_index: dict[Hashable, int] = {}
        self.vectors: npt.NDArray[Any] = np.zeros((count, vector_size), dtype)
        self.norms: npt.NDArray[Any] | None = None
        self.expandos: dict[str, npt.NDArray[Any]] = {}
        self.mapfile_path = mapfile_path
        self.vectors_lockf: npt.NDArray[Any] = np.ones(1, np.float32)

    def __getattr__(self, name: str) -> Any:
        if name in _GONE:
            raise AttributeError(f"gensim 4 has no attribute {name!r} in {type(self).__name__}: {_GONE[name]}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __str__(self) -> str:
        return f"{type(self).__name__}<vector_size={self.vector_size}, {len(self)} keys>"

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __contains__(self, key: Any) -> bool:
        return self.has_index_for(key)

    def __iter__(self) -> Iterator[Any]:
        """Yield the vectors, as an object that is indexed by numbers does."""
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key_or_keys: Any) -> npt.NDArray[Any]:
        """The vector of a key or of a row, or the vectors of a list of them: (keys, vector_size)."""
        if isinstance(key_or_keys, str | bytes | int | np.integer) or (
            isinstance(key_or_keys, Hashable) and key_or_keys in self.key_to_index
        ):
            return self.get_vector(key_or_keys)
        return np.vstack([self.get_vector(key) for key in key_or_keys])

    def __setitem__(self, keys: Any, weights: Any) -> None:
        """Set the vectors of keys, new or known."""
        one = not isinstance(keys, list)
        self.add_vectors([keys] if one else keys, [weights] if one else weights, replace=True)

    def get_index(self, key: Any, default: Any = None) -> int:
        """The row of a key; a whole number that is no key is a row itself.

        Raises:
            KeyError: there is neither, and no default.
        """
        row = self.key_to_index.get(key)
        if row is not None:
            return row
        if isinstance(key, int | np.integer) and 0 <= key < len(self.index_to_key):
            return int(key)
        if default is not None:
            return int(default)
        raise KeyError(f"Key '{key}' not present")

    def has_index_for(self, key: Any) -> bool:
        """Whether there is a row of this key."""
        return self.get_index(key, -1) >= 0

    def get_vector(self, key: Any, norm: bool = False) -> npt.NDArray[Any]:
        """The vector of a key or of a row, read-only; of length 1 if `norm`.

        Raises:
            KeyError: there is no such key.
        """
        vector: npt.NDArray[Any] = self.vectors[self.get_index(key)]
        if norm:
            vector = unit(vector).astype(vector.dtype)
        vector.flags.writeable = False
        return vector

    word_vec = get_vector

    def get_normed_vectors(self) -> npt.NDArray[Any]:
        """All vectors at length 1, in a new array."""
        self.fill_norms()
        assert self.norms is not None
        normed: npt.NDArray[Any] = self.vectors / self.norms[:, np.newaxis]
        return normed

    def get_vecattr(self, key: Any, attr: str) -> Any:
        """What is known of a key.

        Raises:
            KeyError: there is no such key, or nothing of that name is known.
        """
        return self.expandos[attr][self.get_index(key)]

    def set_vecattr(self, key: Any, attr: str, val: Any) -> None:
        """Note something of a key; a name is of one type, which its first value decides."""
        self.allocate_vecattrs([attr], [type(val)])
        self.expandos[attr][self.get_index(key)] = val

    def allocate_vecattrs(self, attrs: Iterable[str] | None = None, types: Iterable[Any] | None = None) -> None:
        """Make room for what will be noted of each row.

        Args:
            attrs: the names; those that there are already, where omitted.
            types: their types; others than numbers become objects.

        Raises:
            TypeError: a name has values of another type already.
        """
        names = list(self.expandos) if attrs is None else list(attrs)
        kinds = [self.expandos[name].dtype for name in names] if types is None else list(types)
        for name, kind in zip(names, kinds, strict=True):
            dtype = np.dtype(np.int64 if kind is int else np.float32 if kind is float else kind)
            if not np.issubdtype(dtype, np.number) and dtype != np.bool_:
                dtype = np.dtype(object)
            old = self.expandos.get(name)
            if old is None:
                self.expandos[name] = np.zeros(len(self), dtype)
                continue
            if not np.issubdtype(dtype, old.dtype) and not np.can_cast(dtype, old.dtype):
                raise TypeError(
                    f"Can't allocate type {dtype} for attribute {name}, conflicts with its type {old.dtype}"
                )
            if len(old) < len(self):
                self.expandos[name] = np.concatenate([old, np.zeros(len(self) - len(old), old.dtype)])

    def add_vector(self, key: Any, vector: npt.ArrayLike) -> int:
        """Add one key with its vector: into the next row, if that has no key yet, else behind the last.

        Returns its row. To add many one by one is slow: use :meth:`add_vectors`.
        """
        row = self.next_index
        if row < len(self) and self.index_to_key[row] is None:
            self.index_to_key[row], self.key_to_index[key] = key, row
            self.vectors[row], self.norms = vector, None
        else:
            warnings.warn(
                "each vector that is added on its own copies all others; add a list of them, or make room with count",
                stacklevel=2,
            )
            self.add_vectors([key], [vector])
            row = self.get_index(key)
        self.next_index = row + 1
        return row

    def add_vectors(
        self, keys: Any, weights: Any, extras: dict[str, npt.NDArray[Any]] | None = None, replace: bool = False
    ) -> None:
        """Add keys with their vectors.

        Args:
            keys: a list of keys, or a single one.
            weights: their vectors, or the single one.
            extras: what is known of these keys: name to an array with a value for each.
            replace: also set the vectors of keys that there are already; they stay otherwise.

        Raises:
            ValueError: the vectors fit neither the keys nor those that there are.
        """
        if isinstance(keys, str | bytes | int | np.integer):
            keys, weights = [keys], np.asarray(weights).reshape(1, -1)
        vectors, keys = np.asarray(weights, self.vectors.dtype), list(keys)
        if vectors.ndim != 2 or vectors.shape != (len(keys), self.vector_size):
            raise ValueError(
                f"{len(keys)} keys need vectors of shape {(len(keys), self.vector_size)}, not {vectors.shape}"
            )
        known = np.array([key in self.key_to_index for key in keys], bool)
        first: dict[Hashable, int] = {}
        for place in np.flatnonzero(~known).tolist():
            if first.setdefault(keys[place], place) != place:
                known[place] = True  # a key that is given twice is new only once
        new = np.flatnonzero(~known)
        begin = len(self)
        for row, place in enumerate(new.tolist(), begin):
            self.key_to_index[keys[place]] = row
            self.index_to_key.append(keys[place])
        self.vectors = np.concatenate([self.vectors, vectors[new]])
        for name, values in (extras or {}).items():
            self.allocate_vecattrs([name], [values.dtype])
            self.expandos[name][begin:] = values[new]
        self.allocate_vecattrs()
        if replace:
            rows = [self.key_to_index[key] for key, old in zip(keys, known, strict=True) if old]
            self.vectors[rows] = vectors[known]
            for name, values in (extras or {}).items():
                self.expandos[name][rows] = values[known]
        self.norms = None

    def resize_vectors(self, seed: int = 0) -> None:
        """Give every key a row of `vectors`; new rows are random and short, rows behind the last key go."""
        rows = len(self)
        self.vectors = prep_vectors((rows, self.vector_size), self.vectors[:rows], seed)
        self.norms = None
        self.allocate_vecattrs()

    def fill_norms(self, force: bool = False) -> None:
        """Compute the lengths of the vectors, if they are not known, or of another array; always if `force`.

        Call it with ``force=True`` after numbers in `vectors` were changed in place.
        """
        if self.norms is None or force or len(self.norms) != len(self.vectors) or self._measured is not self.vectors:
            self.norms, self._measured = np.linalg.norm(self.vectors, axis=1), self.vectors

    _measured: Any = None
    _by_row: ClassVar[tuple[str, ...]] = ("vectors",)
    """The matrices that have a row for each key."""

    def init_sims(self, replace: bool = False) -> None:
        """Compute the lengths of the vectors; set all of them to length 1 if `replace`."""
        self.fill_norms()
        if replace:
            self.unit_normalize_all()

    def unit_normalize_all(self) -> None:
        """Set all vectors to length 1; one without length stays zero."""
        self.fill_norms(force=True)
        assert self.norms is not None
        self.vectors /= np.where(self.norms > 0, self.norms, 1)[:, np.newaxis]
        self.norms, self._measured = np.ones(len(self.vectors), self.vectors.dtype), self.vectors

    def sort_by_descending_frequency(self) -> None:
        """Order the rows by falling count; rows without a count, or equal ones, keep their order."""
        if not len(self):
            return
        counts = self.expandos["count"][:]
        order = np.argsort(-np.asarray(counts, np.int64), kind="stable")
        self.index_to_key = [self.index_to_key[row] for row in order]
        self.key_to_index = {key: row for row, key in enumerate(self.index_to_key)}
        self.expandos = {name: values[order] for name, values in self.expandos.items()}
        for name in self._by_row:
            if len(rows := getattr(self, name)):
                setattr(self, name, rows[order])
        self.norms = None

    def clear_rows(self) -> None:
        """Drop the vectors, before others are made for other keys."""
        for name in self._by_row:
            setattr(self, name, getattr(self, name)[:0])
        self.norms = None

    def vectors_for_all(
        self, keys: Iterable[Any], allow_inference: bool = True, copy_vecattrs: bool = False
    ) -> "KeyedVectors":
        """The vectors of some keys in an object of their own; unknown keys are left out.

        Args:
            keys: the keys; a sorted list of them where they have no order of their own.
            allow_inference: whether vectors may be made from character n-grams, where the model has these.
            copy_vecattrs: whether what is known of the keys is copied.
        """
        wanted = list(keys) if isinstance(keys, Sequence) else sorted(keys)
        known: Any = self if allow_inference else self.key_to_index
        found = [key for key in dict.fromkeys(wanted) if key in known]
        other = KeyedVectors(self.vector_size, len(found), self.vectors.dtype)
        for row, key in enumerate(found):
            other.index_to_key[row], other.key_to_index[key], other.vectors[row] = key, row, self[key]
        other.next_index = len(found)
        other.set_attributes_from(self if copy_vecattrs else None)
        return other

    def set_attributes_from(self, source: "KeyedVectors | None") -> None:
        """Copy what another object knows of the same keys; without one, a count of falling ranks."""
        if source is None:
            self.expandos = {"count": np.arange(len(self), 0, -1)}
            return
        for name, values in source.expandos.items():
            rows = [source.key_to_index.get(key, -1) for key in self.index_to_key]
            self.expandos[name] = np.zeros(len(rows), values.dtype)
            for place, row in enumerate(rows):  # one by one, because a value may be an array itself
                if row >= 0:
                    self.expandos[name][place] = values[row]

    save_word2vec_format = interchange.save_word2vec_format
    intersect_word2vec_format = interchange.intersect_word2vec_format
    load_word2vec_format = classmethod(interchange.load_word2vec_format)


class CompatVocab:
    """What gensim 3 knew of a word: attributes by name, with a count; words are compared by it."""

    def __init__(self, **attributes: Any) -> None:
        self.count = 0
        self.__dict__.update(attributes)

    def __lt__(self, other: "CompatVocab") -> bool:
        return self.count < other.count

    def __str__(self) -> str:
        attributes = ", ".join(f"{name}:{value!r}" for name, value in sorted(vars(self).items()))
        return f"{type(self).__name__}<{attributes}>"


def prep_vectors(
    target_shape: tuple[int, int], prior_vectors: npt.NDArray[Any] | None = None, seed: int = 0, dtype: Any = REAL
) -> npt.NDArray[Any]:
    """Random short vectors, below the given ones: (rows, vector_size)."""
    rows, size = target_shape
    prior = np.zeros((0, size), dtype) if prior_vectors is None else prior_vectors
    new = np.random.default_rng(seed).random((rows - len(prior), size), np.float32)
    return np.concatenate([prior, ((2 * new - 1) / size).astype(prior.dtype)])


def pseudorandom_weak_vector(size: int, seed_string: Any = None, hashfxn: Any = hash) -> npt.NDArray[np.float32]:
    """A random short vector, always the same for the same string."""
    generator = np.random.default_rng() if seed_string is None else np.random.default_rng(hashfxn(seed_string) % 2**32)
    return ((generator.random(size) - 0.5) / size).astype(np.float32)
