"""What reads much is stopped: a rule that somebody types may ask for more than anybody waits for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from workspace.database import TookTooLong, time_limit


class RuleTooSlow(RuntimeError):
    """The rule took longer than was allowed; the message says what to do."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            _("Counting took longer than %d seconds and was stopped. Ask for less time, or for fewer things at once.")
            % max(round(seconds), 1)
        )


@contextmanager
def stopping_after(seconds: float) -> Iterator[None]:
    """Each query inside may take so long. Raises RuleTooSlow."""
    try:
        with time_limit(seconds):
            yield
    except TookTooLong as error:
        raise RuleTooSlow(seconds) from error
