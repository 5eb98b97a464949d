"""A campaign's file: looked at before it is taken in, so that what would be new, changed or wrong is known first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from campaigns.checks import Caution, find_cautions
from campaigns.comparing import Difference, compare
from campaigns.definitions import DefinitionError, Plan, read_plan
from campaigns.editing import read_definition
from campaigns.models import Campaign, CampaignState
from workspace.reading import Problem
from workspace.upserts import is_same

MOST_BYTES = 1024 * 1024


class Verdict(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Look:
    """What a file would do. `differences` in plain words, from the campaign's draft as it stands to the file's."""

    verdict: Verdict
    definition: Any = None
    campaign: Campaign | None = None
    problems: Sequence[Problem] = ()
    differences: Sequence[Difference] = ()
    cautions: Sequence[Caution] = ()

    @property
    def mark(self) -> str:
        """Of what was looked at: if it comes out otherwise when it is to be done, it is looked at again."""
        stood = [self.verdict, self.campaign and self.campaign.revision, self.definition]
        return hashlib.sha256(json.dumps(stood, sort_keys=True).encode()).hexdigest()


def look(content: bytes) -> Look:
    """Checked as the API checks it."""
    try:
        definition = read_definition(_decode(content))
    except ValueError as error:
        return Look(Verdict.WRONG, problems=[Problem("unparsable", str(error))])
    try:
        plan = read_plan(definition)
    except DefinitionError as error:
        return Look(Verdict.WRONG, problems=error.problems[::-1])
    return _against_what_is_there(definition, plan)


def _decode(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise ValueError(_("The file is larger than 1 MiB, and no campaign is."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(
            _("The file is no text in UTF-8. Export a campaign to see what its file looks like.")
        ) from None


def _against_what_is_there(definition: Any, plan: Plan) -> Look:
    campaign, cautions = Campaign.objects.filter(code=plan.code).first(), find_cautions(definition, plan)
    if campaign is None:
        return Look(Verdict.NEW, definition, cautions=cautions)
    if refusal := _refusal(campaign):
        return Look(Verdict.WRONG, definition, campaign, [Problem("wrong_state", refusal, "/code")])
    if is_same(campaign.draft, definition):
        return Look(Verdict.SAME, definition, campaign)
    return Look(
        Verdict.CHANGED,
        definition,
        campaign,
        differences=compare(campaign.draft, definition),
        cautions=cautions,
    )


def _refusal(campaign: Campaign) -> str:
    if campaign.state == CampaignState.ENDED:
        return _("The campaign has ended. Give the definition another code to begin a new one.")
    return _("The campaign is archived. Bring it back first.") if campaign.archived_at else ""
