"""Missing values of a corpus: skipped and counted, or an error."""

from typing import Any, Literal, get_args

from wordkin.errors import ConfigurationError, CorpusError, argument
from wordkin.vocabulary import is_missing

Policy = Literal["skip", "error"]
POLICIES: tuple[str, ...] = get_args(Policy)


class Missing:
    """What happens to the missing values of a corpus.

    Args:
        policy: ``"skip"`` to leave them out and count them, ``"error"`` to refuse them.
        skipping: the name of ``"skip"`` where the user chooses it.

    Attributes:
        count: the number of missing values that were left out so far.

    Raises:
        ConfigurationError: there is no such policy.
    """

    def __init__(self, policy: Policy = "skip", skipping: str = "skip") -> None:
        if policy not in POLICIES:
            raise ConfigurationError(f"{argument('missing')} is {policy!r}; it must be one of {', '.join(POLICIES)}")
        self._policy, self._skipping = policy, skipping
        self.count = 0

    def may_skip(self, item: Any) -> bool:
        """Whether an item is missing and may be left out."""
        return self._policy == "skip" and is_missing(item)

    def skips(self, item: Any) -> bool:
        """Whether an item is missing and is left out; it is counted."""
        skipped = self.may_skip(item)
        self.count += skipped
        return skipped

    def skip_rows(self, number: int, first: int, name: str) -> None:
        """Leave out and count missing rows.

        Args:
            number: their number.
            first: the row of the first of them, from 0.
            name: the column's name for messages.

        Raises:
            CorpusError: missing values are an error.
        """
        if self._policy == "error":
            raise CorpusError(
                f"row {first} of {name} is missing: leave out the rows that have no text, or set "
                f"{argument('missing', self._skipping)}"
            )
        self.count += number
