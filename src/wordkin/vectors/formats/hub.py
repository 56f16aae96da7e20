"""The Hugging Face Hub: folders with the native file and a model card; uploading and downloading."""

import json
import os
import re
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wordkin.errors import ConfigurationError, FormatError, MissingPackageError, pip_install
from wordkin.storage import atomic, container
from wordkin.vectors.formats import native
from wordkin.vectors.formats.registry import is_suffix
from wordkin.vectors.formats.stream import Source

_MODEL, _CARD = "model.safetensors", "README.md"
_REPOSITORY = re.compile(r"[a-z0-9][\w.-]*/[a-z0-9][\w.-]*", re.ASCII | re.IGNORECASE)
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True)
class Card:
    """The parts of a model card that the model's file does not have.

    Attributes:
        licence: its identifier on the Hub, such as ``"cc-by-sa-4.0"``.
        language: the code of the words' language, such as ``"en"`` or ``"zh-Hant"``, or several; None leaves it out.
        repository: the model's repository on the Hub: ``owner/name``.

    Raises:
        ConfigurationError: the licence or a language is invalid.
    """

    licence: str = "unknown"
    language: str | Sequence[str] | None = None
    repository: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.licence, str) or not _LICENCE.fullmatch(self.licence):
            raise ConfigurationError(
                f"license is {self.licence!r}, not an identifier that the Hub knows, such as 'cc-by-sa-4.0' or 'other'"
            )
        for language in self.languages:
            if not isinstance(language, str) or not _LANGUAGE.fullmatch(language):
                raise ConfigurationError(f"language is {language!r}, not a code such as 'en', 'de' or 'zh-Hant'")

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes of all languages."""
        return (self.language,) if isinstance(self.language, str) else tuple(self.language or ())


NOTHING_TOLD = Card()


def recognises(path: Path, _first: bytes) -> bool:
    """Whether `path` is a folder with a wordkin model."""
    return path.is_dir() and container.container_kind(path / _MODEL) == native.KIND


def load(path: Path) -> native.StoredModel:
    """Memory-map the model in a folder.

    Raises:
        FormatError: the model is missing or damaged.
    """
    return native.load(path / _MODEL)


def read(path: Path) -> Source:
    """Read the model in a folder as a source of blocks.

    Raises:
        FormatError: the model is missing or damaged.
    """
    return native.read(path / _MODEL)


def write(source: Source, target: Path, card: Card = NOTHING_TOLD) -> None:
    """Write a new folder.

    Raises:
        FormatError: the source is damaged.
        OutputError: the folder exists already, or it cannot be written.
    """
    with atomic.new_folder(target) as folder:
        native.write(source, folder / _MODEL)
        (folder / _CARD).write_text(_card(target.name, source, native.load(folder / _MODEL), card), "utf-8")


_TEXT = """---
library_name: wordkin
{licence}
tags:
- word2vec
- word-embeddings
---
# {name}

Word vectors.

{facts}

## How to load them

With wordkin and its extra `hub`, or from the path of a folder that holds `{model}`:

```python
from wordkin import WordVectors

vectors = WordVectors.load({repository})
```

Without wordkin:

```python
from huggingface_hub import hf_hub_download
from safetensors.numpy import load_file

arrays = load_file(hf_hub_download({repository}, "{model}"))
text, offsets = arrays["words"].tobytes(), arrays["word_offsets"]
words = [text[begin:end].decode() for begin, end in zip(offsets, offsets[1:])]
vectors = {rows}  # the vector of words[i] is vectors[i]
```
"""
"""The model card."""


def _card(name: str, source: Source, model: native.StoredModel, card: Card) -> str:
    words = [f"`{word}`" for word in model.vocabulary.words[:10] if "`" not in word and word.isprintable()]
    size = f"{len(model.input):,} words of {source.vector_size} dimensions, {model.precision}"
    facts = [f"- {size}, the first: {', '.join(words)}"]
    facts += [f"- {parameter.replace('_', ' ')}: {value}" for parameter, value in sorted(source.config.items())]
    if model.subwords is not None:
        lengths = f"{model.subwords.min_n} to {model.subwords.max_n} characters"
        facts.append(f"- {len(model.subwords.rows):,} n-grams of {lengths}, which give other words a vector in wordkin")
    repository = json.dumps(card.repository or f"OWNER/{name}", ensure_ascii=False)
    languages = "".join(f'\n- "{language}"' for language in card.languages)
    licence = f'license: "{card.licence}"' + (f"\nlanguage:{languages}" if languages else "")
    rows = 'arrays["input"] * arrays["scales"][:, None]' if model.precision == "int8" else 'arrays["input"]'
    return _TEXT.format(
        name=name, licence=licence, facts="\n".join(facts), repository=repository, rows=rows, model=_MODEL
    )


def is_repository(given: str | Path, name: str | None) -> bool:
    """Whether a string is a repository on the Hub: ``owner/name``, which is not a local path.

    A mistyped path must not ask a server: if a local folder ``owner`` exists, or ``name`` has the suffix of a file of
    vectors, it is a path. The format ``"hub"`` overrides this.
    """
    if not isinstance(given, str) or not _REPOSITORY.fullmatch(given) or os.path.lexists(given):
        return False
    path = Path(given)
    return name == "hub" or (name is None and not path.parent.exists() and not is_suffix(path.suffix))


def download(repository: str, revision: str | None) -> native.StoredModel:
    """Download only the native file of a repository into huggingface_hub's cache, and map it.

    Raises:
        MissingPackageError: huggingface_hub is not installed.
        FormatError: the Hub has no such file, refuses it, or is not reached; or the file is not a wordkin file.
    """
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise MissingPackageError(
            f"there is no file {repository}, and loading it from the Hugging Face Hub needs an extra: "
            f"{pip_install('hub')}"
        ) from error
    try:
        path = Path(hf_hub_download(repository, _MODEL, revision=revision, library_name="wordkin"))
    except Exception as error:
        said = textwrap.shorten(str(error) or type(error).__name__, 300, placeholder=" …")
        raise FormatError(
            f"there is no file {repository}, and the Hugging Face Hub does not provide its {_MODEL}: {said}"
        ) from error
    return native.load(path)


def push(source: Source, card: Card, private: bool) -> str:
    """Upload a model and its card; return the address of the commit.

    Raises:
        MissingPackageError: huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise MissingPackageError(f"uploading needs an extra: {pip_install('hub')}") from error
    api, repository = HfApi(), str(card.repository)
    with tempfile.TemporaryDirectory(prefix="wordkin-") as temporary:
        folder = Path(temporary, repository.rpartition("/")[2])
        write(source, folder, card)
        api.create_repo(repository, private=private, exist_ok=True)
        return str(api.upload_folder(repo_id=repository, folder_path=folder))
