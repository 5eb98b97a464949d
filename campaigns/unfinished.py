"""Work on a campaign that is not saved: kept as it is typed, for who types it, until it is the draft or is given up.

A draft is always right, since activation reads it; what is being typed seldom is, and must not be lost all the same.

Each page in which somebody edits keeps in a row of its own, known by the word the page was given when it was made. One
that shows what was kept before takes that row over, if it still is as it was shown; else another page has written to it
meanwhile, and this one begins its own. So of two pages of one person neither writes over what was typed in the other.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.definitions import MOST_BYTES
from campaigns.models import Campaign, Unfinished
from workspace.models import User
from workspace.reading import read_time
from workspace.text import is_storable

_WORD = re.compile(r"[0-9a-f]{32}")


class CannotKeep(ValueError):
    """The message says why."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that edits: its word, and the row it was opened with, as that was kept then."""

    word: str
    begun: int = 0  # no row has it
    as_of: datetime | None = None

    @classmethod
    def new(cls, kept: Unfinished | None = None) -> Page:
        word = uuid.uuid4().hex
        return cls(word, kept.pk, kept.kept_at) if kept else cls(word)

    @classmethod
    def of(cls, word: str, begun: int, as_of: str) -> Page:
        """As it tells of itself. One that tells nothing sensible has a word that no other has."""
        moment = read_time(as_of)
        word = word if _WORD.fullmatch(word) else uuid.uuid4().hex
        return cls(word, begun, moment if isinstance(moment, datetime) else None)

    @property
    def opened(self) -> Q:
        return Q(pk=self.begun, kept_at=self.as_of)


def keep(raw: str, revision: int, *, campaign: Campaign | None, by: User, page: Page) -> Unfinished:
    """Keep what was typed since the draft was at `revision`. Raises CannotKeep."""
    if len(raw.encode(errors="surrogatepass")) > MOST_BYTES:
        raise CannotKeep(_("The definition is too long."))
    if not is_storable(raw):
        raise CannotKeep(_("The definition holds a NUL or half a surrogate pair."))
    kept_of(by, campaign).filter(page.opened).update(page=page.word)
    values = {"campaign": campaign, "definition": raw, "revision": revision, "kept_at": timezone.now()}
    return Unfinished.objects.update_or_create(by=by, page=page.word, defaults=values)[0]


def kept_of(by: User, campaign: Campaign | None) -> QuerySet[Unfinished]:
    """What this person typed of a campaign, or began without saving it once (None), the newest first."""
    return Unfinished.objects.filter(by=by, campaign=campaign)


def forget(*, by: User, page: Page) -> None:
    """It was saved, or given up, as this page showed it."""
    Unfinished.objects.filter(page.opened | Q(page=page.word), by=by).delete()
