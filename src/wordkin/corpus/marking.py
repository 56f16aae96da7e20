"""Lists of tokens as bytes for the scanner: UTF-8 with marks that no UTF-8 holds."""

from collections.abc import Iterable, Iterator, Set

from wordkin.config import TrainingConfig
from wordkin.corpus.reading import BLOCK_BYTES
from wordkin.corpus.sources import columns_of, is_missing, refused
from wordkin.corpus.tokenizing import SENTENCE_MARK, TOKEN_MARK
from wordkin.errors import CorpusError, argument


def marked_blocks(sentences: Iterable[Iterable[str]], config: TrainingConfig) -> Iterator[tuple[bytes, int]]:
    """Yield blocks of whole sentences, and how many empty tokens each had; tokens are taken as they are.

    Raises:
        CorpusError: a sentence is a string, is missing, has no order or is not iterable, or a token is not a string.
    """
    block, empty = bytearray(), 0
    for number, sentence in enumerate(sentences):
        marked, without = _marked(number, sentence, config)
        block += marked
        empty += without
        if len(block) >= BLOCK_BYTES:
            yield bytes(block), empty
            block, empty = bytearray(), 0
    yield bytes(block), empty


def _marked(number: int, sentence: Iterable[str], config: TrainingConfig) -> tuple[bytes, int]:
    """One sentence as marked bytes, and its number of empty tokens."""
    wanted = "pass lists of tokens"
    if isinstance(sentence, str):
        raise CorpusError(
            f"sentence {number} is a str, which would train on its letters: {wanted}, or set "
            f"{argument('tokenizer')} to 'whitespace', 'words' or 'characters' for text"
        )
    if not isinstance(sentence, list | tuple) and (
        is_missing(sentence) or isinstance(sentence, bytes | bytearray) or columns_of(sentence) is not None
    ):
        raise refused(number, sentence, wanted)
    if config.tokenizer is not None:
        raise CorpusError(
            f"sentence {number} is a {type(sentence).__name__}, but {argument('tokenizer', config.tokenizer)} is for "
            "text: pass strings, or leave the tokenizer out"
        )
    if isinstance(sentence, Set):
        raise CorpusError(
            f"sentence {number} is a {type(sentence).__name__}, which has no order: pass a list of tokens"
        )
    try:
        tokens = list(sentence)
    except TypeError as error:
        raise refused(number, sentence, wanted) from error
    try:
        text = "\n".join(tokens)
    except TypeError as error:
        place, token = next((p, t) for p, t in enumerate(tokens) if not isinstance(t, str))
        advice = "leave it out" if is_missing(token) else "convert them with str()"
        raise CorpusError(
            f"token {place} of sentence {number} is {token!r}, a {type(token).__name__}; tokens must be strings: "
            f"{advice}"
        ) from error
    if config.lower:
        tokens = [token.lower() for token in tokens]
        text = "\n".join(tokens)
    try:
        # Line feeds mark the tokens' ends where no token holds one; the marks themselves are not UTF-8.
        if text.count("\n") == max(len(tokens) - 1, 0):
            joined = text.encode().replace(b"\n", TOKEN_MARK)
        else:
            joined = TOKEN_MARK.join(token.encode() for token in tokens)
    except UnicodeEncodeError as error:
        raise CorpusError(
            f"sentence {number} holds {error.object[error.start]!r}, a lone surrogate, which is no character: "
            "read the text with errors='strict' or 'replace'"
        ) from error
    return joined + SENTENCE_MARK, tokens.count("")
