"""A reader of gensim's pickles that runs no code: it builds lists, and records the calls of the pickle.

Python's own reader imports and calls whatever a file names. This one knows the few names in gensim's files and refuses
all others; each call becomes a :class:`Made`, which does nothing.
"""

import struct
from pathlib import Path
from typing import Any, NamedTuple

from wordkin.errors import FormatError, corrupt_file

NAMES = {
    ("gensim.models.keyedvectors", "FastTextKeyedVectors"),
    ("gensim.models.keyedvectors", "KeyedVectors"),
    ("gensim.models.word2vec", "Word2Vec"),
    ("gensim.models.word2vec", "Word2VecTrainables"),
    ("gensim.models.word2vec", "Word2VecVocab"),
    ("gensim.models.fasttext", "FastText"),
    ("gensim.models.fasttext", "FastTextKeyedVectors"),
    ("gensim.models.fasttext", "FastTextTrainables"),
    ("gensim.models.fasttext", "FastTextVocab"),
    ("gensim.utils", "call_on_class_only"),
    ("gensim.models.keyedvectors", "EuclideanKeyedVectors"),
    ("gensim.models.keyedvectors", "Word2VecKeyedVectors"),
    ("gensim.models.word2vec", "Vocab"),
    ("gensim.models.keyedvectors", "Vocab"),
    ("gensim.models.phrases", "Phrases"),
    ("gensim.models.phrases", "Phraser"),
    ("gensim.models.phrases", "FrozenPhrases"),
    ("gensim.models.phrases", "original_scorer"),
    ("gensim.models.phrases", "npmi_scorer"),
    ("gensim.models.word2vec", "Heapitem"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy", "float32"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy", "frombuffer"),
    ("numpy.random._pickle", "__randomstate_ctor"),
    ("numpy.random._pickle", "__bit_generator_ctor"),
    ("numpy.random._mt19937", "MT19937"),
    ("collections", "defaultdict"),
    ("collections", "OrderedDict"),
    ("_codecs", "encode"),
    ("numpy.random", "__RandomState_ctor"),
    ("__builtin__", "frozenset"),
    ("__builtin__", "hash"),
    ("__builtin__", "int"),
    ("__builtin__", "long"),
    ("__builtin__", "object"),
    ("builtins", "int"),
    ("builtins", "hash"),
    ("builtins", "object"),
}
"""The names in gensim's files; the reader never imports or calls them."""

_ALLOWANCE = 48 << 20
_CONTAINER, _NUMBER, _TEXT, _PLACE = 72, 40, 40, 8  # approximate bytes of memory
_ENTRIES = 1000  # entries of a dictionary that are kept; no object has more attributes


class Name(NamedTuple):
    """A module and a name in it, from a pickle."""

    module: str
    name: str


class Made:
    """A recorded call of a pickle, in place of the object that it would make.

    Attributes:
        of: the object that the pickle calls.
        arguments: the arguments of the call.
        at: the byte of the file at which the call is.
        state: the state that the pickle sets afterwards.
    """

    __slots__ = ("arguments", "at", "of", "state")

    def __init__(self, of: Any, arguments: Any, at: int) -> None:
        self.of = of
        self.arguments = arguments
        self.at = at
        self.state: Any = None


class _Mark:
    """The mark on the stack at which the arguments of an instruction begin."""


_MARK = _Mark()


class PickleReader:
    """Reads one pickle.

    Text becomes UTF-8 bytes, bytes become a memoryview, strings of Python 2 become bytes, and a set becomes a list. A
    dictionary keeps the first 1,000 entries whose keys are text.

    Args:
        path: the file, for messages.
        data: the content of the file.
        words_are_objects: whether dictionaries keep all entries whose keys are text or whole numbers, and objects may
            take more memory: for gensim 3, which has a dictionary with an object for each word.
    """

    def __init__(self, path: Path, data: bytes, words_are_objects: bool = False) -> None:
        self._path = path
        self._data = data
        self._entries = _ENTRIES + len(data) if words_are_objects else _ENTRIES
        self._position = 0
        self._stack: list[Any] = []
        self._memo: list[Any] = []
        self._budget = _ALLOWANCE + (10 if words_are_objects else 2) * len(data)

    def read(self) -> Any:
        """Read the object.

        Raises:
            FormatError: the pickle is damaged, cut short, has a name that gensim's files do not have, or needs far more
                memory than its size.
        """
        while True:
            at = self._position
            code = self._take(1)[0]
            try:
                if code == _STOP:
                    return self._pop()
                instruction = _INSTRUCTIONS.get(code)
                if instruction is None:
                    raise corrupt_file(
                        self._path, at, f"the pickle's instruction {code:#x}, which gensim does not write"
                    )
                instruction(self)
            except FormatError:
                raise
            except (IndexError, TypeError, ValueError) as error:
                raise corrupt_file(
                    self._path, at, "an instruction of its pickle that does not fit the ones before"
                ) from error
            if self._budget < 0:
                raise corrupt_file(
                    self._path,
                    at,
                    "its pickle needs far more memory than it has bytes; if you trust it, load it with gensim, "
                    "and save its words' vectors with their method save_word2vec_format",
                )

    # The parts of instructions.

    def _take(self, count: int) -> bytes:
        begin, self._position = self._position, self._position + count
        if self._position > len(self._data):
            raise corrupt_file(self._path, begin, "the pickle ends in the middle")
        return self._data[begin : self._position]

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise IndexError
        return value

    def _pop_to_mark(self) -> list[Any]:
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise IndexError
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _push(self, value: Any, cost: int = _PLACE) -> None:
        self._budget -= cost
        self._stack.append(value)

    # The instructions, by what they push or change.

    def _line_skipped(self, count: int) -> None:
        self._take(count)

    def _mark(self) -> None:
        self._push(_MARK)

    def _constant(self, value: Any) -> None:
        self._push(value)

    def _integer(self, form: str) -> None:
        self._push(self._number(form), _NUMBER)

    def _long(self, form: str) -> None:
        size = self._number(form)
        self._push(int.from_bytes(self._take(max(size, 0)), "little", signed=True), _NUMBER + max(size, 0))

    def _text(self, form: str) -> None:
        size = self._number(form)
        self._push(self._take(size), _TEXT + size)

    def _bytes(self, form: str) -> None:
        begin = self._position + struct.calcsize(form)
        size = self._number(form)
        self._take_nothing(size)
        self._push(memoryview(self._data)[begin : begin + size], 3 * _CONTAINER)

    def _take_nothing(self, count: int) -> None:
        self._position += count
        if self._position > len(self._data):
            raise corrupt_file(self._path, self._position - count, "the pickle ends in the middle")

    def _new_list(self) -> None:
        self._push([], _CONTAINER)

    def _new_dictionary(self) -> None:
        self._push({}, 2 * _CONTAINER)

    def _tuple(self, count: int) -> None:
        items = [self._pop() for _ in range(count)][::-1]
        self._push(tuple(items), _CONTAINER)

    def _marked_tuple(self) -> None:
        self._push(tuple(self._pop_to_mark()), _CONTAINER)

    def _marked_list(self) -> None:
        self._push(self._pop_to_mark(), _CONTAINER)

    def _append(self) -> None:
        value = self._pop()
        self._list_below().append(value)

    def _appends(self) -> None:
        values = self._pop_to_mark()
        self._list_below().extend(values)

    def _list_below(self) -> list[Any]:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise TypeError
        return target

    def _set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._set([key, value])

    def _set_items(self) -> None:
        self._set(self._pop_to_mark())

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, Made):  # a subclass of dict
            target.state = target.state if isinstance(target.state, dict) else {}
            target = target.state
        if not isinstance(target, dict):
            raise TypeError
        for key, value in zip(items[::2], items[1::2], strict=True):
            if self._entries > _ENTRIES:
                key = _hashable(key)
            kept = bytes | tuple | int if self._entries > _ENTRIES else bytes | tuple
            if isinstance(key, kept) and len(target) < self._entries:
                target[key] = value
            else:  # the cost of whole numbers that nothing else holds
                self._budget += _NUMBER * ((type(key) is int) + (type(value) is int))

    def _memoize(self) -> None:
        if isinstance(self._stack[-1], int):  # Python's pickler repeats these instead
            raise TypeError
        self._budget -= _PLACE
        self._memo.append(self._stack[-1])

    def _put(self, form: str) -> None:
        place = self._number(form)
        if place == 1 and not self._memo:  # Python 2 counts from 1
            self._memo.append(None)
        if place != len(self._memo):
            raise ValueError
        self._memoize()

    def _get(self, form: str) -> None:
        self._push(self._memo[self._number(form)])

    def _named(self) -> None:
        name, module = self._pop(), self._pop()
        self._push_name(module, name)

    def _named_in_lines(self) -> None:
        lines = []
        for _ in range(2):
            end = self._data.index(b"\n", self._position)
            lines.append(self._take(end - self._position))
            self._take(1)
        self._push_name(*lines)

    def _push_name(self, module: Any, name: Any) -> None:
        if not isinstance(module, bytes) or not isinstance(name, bytes):
            raise TypeError
        found = Name(module.decode(errors="backslashreplace"), name.decode(errors="backslashreplace"))
        if found not in NAMES:
            raise FormatError(
                f"{self._path} is refused at byte {self._position:,}: its pickle names {'.'.join(found)[:200]!r}, "
                "which no vectors need"
            )
        self._push(found, _CONTAINER)

    def _call(self) -> None:
        arguments, of = self._pop(), self._pop()
        if not isinstance(of, Name) or not isinstance(arguments, tuple):
            raise TypeError
        self._push(Made(of, arguments, self._position - 1), _CONTAINER + _NUMBER)

    def _build(self) -> None:
        state = self._pop()
        target = self._stack[-1]
        if not isinstance(target, Made):
            raise TypeError
        target.state = state


def encoded(value: Any) -> bytes | None:
    """Bytes, which Python 3 pickles for Python 2 as a call that encodes text in Latin-1; None for other things."""
    if isinstance(value, memoryview | bytes):
        return bytes(value)
    if isinstance(value, Made) and value.of == Name("_codecs", "encode") and len(value.arguments) == 2:
        text = value.arguments[0]
        return text.decode().encode("latin-1") if isinstance(text, bytes) else None
    return b"" if isinstance(value, Made) and isinstance(value.of, Name) and value.of.name == "bytes" else None


def _hashable(key: Any) -> Any:
    """A key of bytes as text in UTF-8, and a tuple of them likewise; other keys unchanged."""
    if isinstance(key, tuple):
        parts = tuple(encoded(part) for part in key)
        return None if None in parts else parts
    text = encoded(key)
    return key if text is None else text


def _with(method: Any, *arguments: Any) -> Any:
    return lambda reader: method(reader, *arguments)


_R = PickleReader
_STOP = ord(".")
_INSTRUCTIONS = {
    code[0]: instruction
    for code, instruction in {
        b"\x80": _with(_R._line_skipped, 1),  # PROTO
        b"\x95": _with(_R._line_skipped, 8),  # FRAME
        b"(": _with(_R._mark),
        b"N": _with(_R._constant, None),
        b"\x88": _with(_R._constant, True),
        b"\x89": _with(_R._constant, False),
        b"K": _with(_R._integer, "<B"),
        b"M": _with(_R._integer, "<H"),
        b"J": _with(_R._integer, "<i"),
        b"\x8a": _with(_R._long, "<B"),
        b"\x8b": _with(_R._long, "<i"),
        b"G": _with(_R._integer, ">d"),
        b"\x8c": _with(_R._text, "<B"),
        b"X": _with(_R._text, "<I"),
        b"\x8d": _with(_R._text, "<Q"),
        b"U": _with(_R._text, "<B"),  # SHORT_BINSTRING of Python 2
        b"T": _with(_R._text, "<I"),  # BINSTRING
        b"C": _with(_R._bytes, "<B"),
        b"B": _with(_R._bytes, "<I"),
        b"\x8e": _with(_R._bytes, "<Q"),
        b"]": _with(_R._new_list),
        b"\x8f": _with(_R._new_list),  # EMPTY_SET
        b"}": _with(_R._new_dictionary),
        b")": _with(_R._tuple, 0),
        b"\x85": _with(_R._tuple, 1),
        b"\x86": _with(_R._tuple, 2),
        b"\x87": _with(_R._tuple, 3),
        b"t": _with(_R._marked_tuple),
        b"l": _with(_R._marked_list),
        b"\x91": _with(_R._marked_list),  # FROZENSET
        b"a": _with(_R._append),
        b"e": _with(_R._appends),
        b"\x90": _with(_R._appends),  # ADDITEMS
        b"s": _with(_R._set_item),
        b"u": _with(_R._set_items),
        b"\x94": _with(_R._memoize),
        b"q": _with(_R._put, "<B"),
        b"r": _with(_R._put, "<I"),
        b"h": _with(_R._get, "<B"),
        b"j": _with(_R._get, "<I"),
        b"c": _with(_R._named_in_lines),
        b"\x93": _with(_R._named),
        b"R": _with(_R._call),
        b"\x81": _with(_R._call),  # NEWOBJ
        b"b": _with(_R._build),
    }.items()
}
