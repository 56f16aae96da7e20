"""A folder as the Hugging Face Hub shows it: the native file, and a model card."""

import tempfile
from pathlib import Path

from wordkin import files
from wordkin.errors import MissingPackageError
from wordkin.vectors.formats import native
from wordkin.vectors.formats.stream import Source

_MODEL, _CARD = "model.safetensors", "README.md"


def recognises(path: Path, _first: bytes) -> bool:
    """Whether it is a folder with a model of ours in it."""
    return path.is_dir() and files.container_kind(path / _MODEL) == native.KIND


def load(path: Path) -> native.StoredModel:
    """Map the model in the folder.

    Raises:
        FormatError: it is missing or damaged.
    """
    return native.load(path / _MODEL)


def read(path: Path) -> Source:
    """Read the model in the folder.

    Raises:
        FormatError: it is missing or damaged.
    """
    return native.read(path / _MODEL)


def write(source: Source, target: Path) -> None:
    """Write the folder, which must be new.

    Raises:
        FormatError: the source is damaged.
        OutputError: there is such a folder, or it cannot be written.
    """
    with files.new_folder(target) as folder:
        native.write(source, folder / _MODEL)
        (folder / _CARD).write_text(_card(target.name, source, native.load(folder / _MODEL)), "utf-8")


def _card(name: str, source: Source, model: native.StoredModel) -> str:
    words = [f"`{word}`" for word in model.vocabulary.words[:10] if "`" not in word and word.isprintable()]
    size = f"{len(model.input):,} words of {source.vector_size} dimensions, {model.precision}"
    facts = [f"- {size}, the first: {', '.join(words)}"]
    facts += [f"- {parameter.replace('_', ' ')}: {value}" for parameter, value in sorted(source.config.items())]
    return f"""---
library_name: wordkin
tags:
- word2vec
- word-embeddings
---
# {name}

Word vectors.

{chr(10).join(facts)}

```python
from wordkin import WordVectors

vectors = WordVectors.load("{_MODEL}")
```
"""


def push(source: Source, repository: str, private: bool) -> str:
    """Upload a model and its card; give the address of what was committed.

    Raises:
        MissingPackageError: the library that does it is not installed.
    """
    try:
        from huggingface_hub import HfApi
    except ImportError as error:
        raise MissingPackageError("uploading needs an extra: pip install 'wordkin[hub]'") from error
    api = HfApi()
    with tempfile.TemporaryDirectory(prefix="wordkin-") as temporary:
        folder = Path(temporary, repository.rpartition("/")[2])
        write(source, folder)
        api.create_repo(repository, private=private, exist_ok=True)
        return str(api.upload_folder(repo_id=repository, folder_path=folder))
