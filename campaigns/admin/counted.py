"""What the editor of a live campaign shows at each step: how many orders wait there, came through, took each way out.

The numbers are those of the version that runs, in words, each with the address of the orders it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.admin.links import AT_GATE
from campaigns.engine import GATE
from campaigns.live import StepCount, count_steps
from campaigns.models import Campaign, CampaignState, RunState
from workspace.local_formats import number

LIVE = (CampaignState.ACTIVE, CampaignState.PAUSED)


def count_in_words(campaign: Campaign) -> dict[str, Any]:
    """`steps`: by key, the gate's is empty. `former`: who is under way on versions before. `is_over`: nothing changes
    any more."""
    counts = count_steps(campaign)
    newest, *former = counts or [0]
    show = _Shown(campaign, newest)
    return {
        "is_over": campaign.state not in LIVE,
        "note": _("The numbers are of version %d, which runs.") % newest,
        "former": _former(campaign, [step for version in former for step in counts[version]]),
        "steps": {step.key: show.step(step) for step in counts.get(newest, ())},
    }


def _former(campaign: Campaign, steps: Iterable[StepCount]) -> dict[str, str] | None:
    under_way = sum(step.waiting for step in steps)
    words = ngettext(
        "%s order is under way on a version before.", "%s orders are under way on versions before.", under_way
    )
    url = reverse("admin:campaigns_campaign_steps", args=[campaign.pk])
    return {"words": words % number(under_way), "url": url} if under_way else None


class _Shown:
    """Numbers of one version's steps, as the editor draws them."""

    def __init__(self, campaign: Campaign, version: int) -> None:
        self.orders = reverse("admin:campaigns_run_changelist")
        self.those_of = {"campaign__id__exact": campaign.pk, "version": version}

    def step(self, step: StepCount) -> dict[str, Any]:
        at = step.key or AT_GATE
        ways = {way: self._way(at, way, total) for way, total in step.ways.items()}
        return {"kind": step.kind, "counts": list(self._counts(step, at)), "ways": ways}

    def _counts(self, step: StepCount, at: str) -> Iterator[dict[str, str]]:
        n = step.waiting
        yield self._count("waiting", n, ngettext("%s waits", "%s wait", n), at=at, state__exact=RunState.WAITING)
        n, is_gate = step.through, step.key == GATE
        through = (
            ngettext("%s entered", "%s entered", n) if is_gate else ngettext("%s came through", "%s came through", n)
        )
        yield self._count("through", n, through, through=at)
        if n := step.held:
            yield self._count("held", n, ngettext("%s is held", "%s are held", n), at=at, held="yes")
        if n := step.failed:
            yield self._count("failed", n, ngettext("%s failed", "%s failed", n), at=at, state__exact=RunState.FAILED)
        if n := step.taken_out:
            refused = ngettext("%s was not let in", "%s were not let in", n)
            stopped = ngettext("%s was stopped here", "%s were stopped here", n)
            how, words = ("declined", refused) if is_gate else ("stopped", stopped)
            yield self._count(how, n, words, through=f"{at}:{how}")

    def _way(self, at: str, way: str, total: int) -> dict[str, str]:
        words = ngettext("%s order went this way", "%s orders went this way", total)
        return self._count(way, total, words, through=f"{at}:{way}")

    def _count(self, what: str, total: int, words: str, **where: str) -> dict[str, str]:
        shown, url = number(total), f"{self.orders}?{urlencode(self.those_of | where)}"
        return {"what": what, "number": shown, "words": words % shown, "url": url}
