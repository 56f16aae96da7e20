"""Sizes and counts as text: 2GB, 500MB, 1.5GiB; 1 sentence, 2,000 sentences."""

import re
from fractions import Fraction

_PREFIXES = "kmgt"
_WRITTEN = re.compile(r"\s*([0-9]{1,18}(?:\.[0-9]{1,18})?)\s*(?:([kmgt])(i?))?b?\s*", re.IGNORECASE | re.ASCII)


def parse_bytes(text: str) -> int | None:
    """Parse a size as a number of bytes; None if `text` is not a size.

    A size is a number, then B, kB, MB, GB or TB (powers of 1,000), or KiB, MiB, GiB or TiB (powers of 1,024), in upper
    or lower case, with or without the B. Fractions of a byte are cut off.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    number, prefix, binary = written.groups()
    power = _PREFIXES.index(prefix.lower()) + 1 if prefix else 0
    return int(Fraction(number) * (1024 if binary else 1000) ** power)


def format_bytes(size: int) -> str:
    """A size as text, in powers of 1,000 with three digits: 62.2 MB."""
    if size < 1000:
        return f"{size} B"
    power = next((power for power in range(1, len(_PREFIXES)) if size < 999.5 * 1000**power), len(_PREFIXES))
    value = size / 1000**power
    return f"{value:,.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {' kMGT'[power]}B"


def plural(number: int, thing: str) -> str:
    """A count with its noun, such as "1 word" or "2,000 words"; the plural adds an s."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
