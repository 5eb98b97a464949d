"""The archive, and copies: what is at rest is put away and brought back, and what was good is begun again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from campaigns.lifecycle import WrongState
from campaigns.models import Campaign, CampaignState
from workspace import history
from workspace.database import lock_rows
from workspace.models import User

AT_REST = (CampaignState.DRAFT, CampaignState.ENDED)
LONGEST_CODE, LONGEST_NAME = 64, 200
# What is left of the longest code before its number.
SHARED = LONGEST_CODE - len("-1000000")


def archive(campaign: Campaign) -> Campaign:
    """Put a draft or an ended campaign away: lists leave it out. Nothing of it is deleted. Raises WrongState."""
    with transaction.atomic():
        campaign = _lock(campaign)
        if campaign.state not in AT_REST:
            raise WrongState(_("Only a draft or an ended campaign can be archived. End it first."))
        if campaign.archived_at is None:
            campaign.archived_at, campaign.asked_by, campaign.asked_at = timezone.now(), None, None
            campaign.save(update_fields=["archived_at", "asked_by", "asked_at"])
        return campaign


def bring_back(campaign: Campaign) -> Campaign:
    with transaction.atomic():
        campaign = _lock(campaign)
        campaign.archived_at = None
        campaign.save(update_fields=["archived_at"])
        return campaign


def copy(campaign: Campaign, *, by: User | None = None) -> Campaign:
    """A new draft like the campaign's, with a name and a code of its own."""
    name = Truncator(_("%s (copy)") % campaign.name).chars(LONGEST_NAME)
    with transaction.atomic():
        _lock(campaign)  # who copies it at the same time finds the next code
        code = fresh_code(campaign.code)
        draft = {**campaign.draft, "code": code, "name": name}
        return Campaign.objects.create(code=code, name=name, draft=draft, created_by=by)


def fresh_code(code: str) -> str:
    """This code, or the first of “code-2”, “code-3” … that no campaign has."""
    taken = set(Campaign.objects.filter(code__startswith=code[:SHARED]).order_by().values_list("code", flat=True))
    return next(each for each in _numbered(code) if each not in taken)


def _numbered(code: str) -> Iterator[str]:
    yield code
    for number in count(2):
        end = f"-{number}"
        yield code[: LONGEST_CODE - len(end)] + end


def _lock(campaign: Campaign) -> Campaign:
    locked: Campaign = lock_rows(Campaign.objects.filter(pk=campaign.pk)).get()
    history.remember(locked)
    return locked
