"""The life of a campaign: drafts, activation, pause, resume, end. Each changes one row; runs are never mass-updated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.definitions import Plan, read_plan
from campaigns.matching import back_fill, start_runs, write_watches
from campaigns.models import Activation, Campaign, CampaignState, CampaignVersion, Lane
from campaigns.sms.connections import reaches_nobody
from campaigns.steps.base import Watched
from orders.ledger import hold_ledger, hold_ledger_alone
from orders.models import StatusTransition
from statuses.models import OrderStatus
from workspace import history
from workspace.database import lock_rows
from workspace.models import User, Workspace
from workspace.reading import Problem, read_time

BEGINNING = "beginning"


class WrongState(ValueError):
    """A verb that does not fit the campaign's state; the message says what to do instead."""


class DraftChanged(ValueError):
    """Somebody else saved the draft meanwhile."""


@dataclass(frozen=True, slots=True)
class Caution:
    """What keeps an active campaign from reaching anybody as yet. `code` is for programs, `detail` says what to do."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Activated:
    """`started` counts the runs that began at once, for changes heard before."""

    activation: Activation
    started: int
    cautions: Sequence[Caution]


class Reach(TypedDict):
    """How far back an activation reaches, as `activate` takes it."""

    from_the_beginning: bool
    effective_from: datetime | None


def read_reach(written: Any) -> Reach | Problem:
    """An `effective_from` as written: a time, `beginning`, or left out, which is from now on."""
    if written is None or written == BEGINNING:
        return Reach(from_the_beginning=written == BEGINNING, effective_from=None)
    moment = read_time(written, "effective_from")
    if isinstance(moment, datetime):
        return Reach(from_the_beginning=False, effective_from=moment)
    code, detail = (moment.code, moment.detail) if moment else ("empty", _("Give a time."))
    return Problem(code, _("%s Or write “beginning”.") % detail, "effective_from")


def save_draft(definition: Any, *, revision: int | None = None, by: User | None = None) -> tuple[Campaign, bool]:
    """Keep a definition as the draft of the campaign with its code; answers the campaign and whether it is new.

    Raises DefinitionError when it is wrong, DraftChanged when the draft is no longer at `revision`.
    """
    plan = read_plan(definition)
    with transaction.atomic():
        new = {"name": plan.name, "draft": definition, "created_by": by}
        campaign, is_new = Campaign.objects.get_or_create(code=plan.code, defaults=new)
        if is_new:
            return campaign, True
        campaign = _lock(campaign)
        if campaign.state == CampaignState.ENDED:
            raise WrongState(_("The campaign has ended. Give the definition another code to begin a new one."))
        if revision is not None and revision != campaign.revision:
            raise DraftChanged(_("Somebody else changed this campaign. Look at their version, then save again."))
        if campaign.draft != definition:
            campaign.name, campaign.draft, campaign.revision = plan.name, definition, campaign.revision + 1
            campaign.save(update_fields=["name", "draft", "revision", "updated_at"])
        return campaign, False


def activate(
    campaign: Campaign,
    *,
    from_the_beginning: bool = False,
    effective_from: datetime | None = None,
    by: User | None = None,
) -> Activated:
    """Make the draft a version and let it run. Nothing that occurred before now starts it, unless it is asked to.

    Asked to, the changes the ledger already holds start it too, but those told as history. A new version of a live
    campaign goes on where the former one leaves off. Raises WrongState.
    """
    with transaction.atomic():
        campaign = _lock(campaign)
        if campaign.state == CampaignState.ENDED:
            raise WrongState(_("The campaign has ended. Copy it to begin again."))
        plan = read_plan(campaign.draft)
        cut = _cut()
        now = timezone.now()
        former = campaign.activations.live().first()
        reaches_back = from_the_beginning or effective_from is not None
        _close(campaign, cut, now)
        activation = Activation.objects.create(
            campaign=campaign,
            version=_version(campaign),
            after_transition=0 if reaches_back else cut,
            effective_from=None if from_the_beginning else effective_from or (former.effective_from if former else now),
            lane=Lane.URGENT if plan.is_urgent else Lane.BULK,
            activated_at=now,
            activated_by=by,
        )
        write_watches(activation, plan.watched)
        campaign.state, campaign.asked_by, campaign.asked_at = CampaignState.ACTIVE, None, None
        campaign.save(update_fields=["state", "asked_by", "asked_at", "updated_at"])
        started = back_fill(activation, cut) if reaches_back else 0
        return Activated(activation, started, find_cautions(plan))


def ask(campaign: Campaign, *, by: User) -> Campaign:
    """Ask whoever may activate it to do so. Asked twice, it is the first who asked. Raises WrongState."""
    with transaction.atomic():
        campaign = lock_rows(Campaign.objects.filter(pk=campaign.pk)).get()
        if not has_news(campaign):
            raise WrongState(_("There is nothing to activate: the campaign has ended, or runs as it is."))
        if campaign.asked_at is None:
            campaign.asked_by, campaign.asked_at = by, timezone.now()
            campaign.save(update_fields=["asked_by", "asked_at"])
        return campaign


def withdraw(campaign: Campaign) -> Campaign:
    """Nobody asks for its activation any more."""
    with transaction.atomic():
        campaign = lock_rows(Campaign.objects.filter(pk=campaign.pk)).get()
        if campaign.asked_at is None:
            raise WrongState(_("Nobody asks for the activation of this campaign any more."))
        campaign.asked_by, campaign.asked_at = None, None
        campaign.save(update_fields=["asked_by", "asked_at"])
        return campaign


def has_news(campaign: Campaign) -> bool:
    """Whether activating it would let something run that does not: a first draft, or one that was changed since."""
    live = campaign.activations.live().select_related("version").first()
    if live is None:
        return campaign.state == CampaignState.DRAFT
    return bool(live.version.definition != campaign.draft)


def pause(campaign: Campaign) -> Campaign:
    """Hold every run and message where it stands. Changes still start runs; they wait."""
    return _move(campaign, {CampaignState.ACTIVE: CampaignState.PAUSED}, _("Only an active campaign can be paused."))


def resume(campaign: Campaign) -> Campaign:
    return _move(campaign, {CampaignState.PAUSED: CampaignState.ACTIVE}, _("Only a paused campaign can be resumed."))


def end(campaign: Campaign) -> Campaign:
    """Start nothing more, and stop what is under way: the engine stops each run with the reason `campaign_ended`."""
    live = {CampaignState.ACTIVE: CampaignState.ENDED, CampaignState.PAUSED: CampaignState.ENDED}
    with transaction.atomic():
        campaign = _move(campaign, live, _("Only an active or paused campaign can be ended."))
        campaign.asked_by, campaign.asked_at = None, None
        campaign.save(update_fields=["asked_by", "asked_at"])
        _close(campaign, _cut(), timezone.now())
        return campaign


def missing_statuses(plan: Plan) -> list[str]:
    """Statuses the trigger names that do not exist: nothing can match them until they do."""
    known = set(OrderStatus.objects.of_type(plan.watched.type).values_list("code_key", flat=True))
    return sorted((plan.watched.to | plan.watched.from_codes) - known)


def find_cautions(plan: Plan) -> list[Caution]:
    """Told to whoever activates it, or asks whether to: it may be activated all the same."""
    found = [Caution("unknown_status", _unknown_status(code)) for code in missing_statuses(plan)]
    if not Workspace.orders_are_on():
        off = _("Orders is off: no campaign starts until you turn it on, in the admin or with `manage.py orders on`.")
        found.append(Caution("orders_disabled", off))
    if reaches_nobody():
        nobody = _("No SMS gateway is connected: texts go to the test phone at most. Connect one in Settings > SMS.")
        found.append(Caution("no_gateway", nobody))
    return found


def _unknown_status(code: str) -> str:
    return _("The trigger names the status “%s”, which does not exist yet: nothing matches it until it does.") % code


def statuses_saved(statuses: Sequence[OrderStatus], *, are_new: bool) -> None:
    """Statuses appeared, were renamed or merged: let the live triggers that name their codes know them."""
    with transaction.atomic():
        hold_ledger()  # an activation that cannot see these statuses yet is waited for, or waits for us
        for activation in lock_rows(Activation.objects.live().select_related("version"), only_self=True):
            watched = read_plan(activation.version.definition).watched
            named = watched.to | watched.from_codes
            if met := [status for status in statuses if status.type == watched.type and status.code_key in named]:
                _learn(activation, watched, met, are_new=are_new)


def _learn(activation: Activation, watched: Watched, statuses: Sequence[OrderStatus], *, are_new: bool) -> None:
    meant = {status.merged_into_id for status in statuses if status.merged_into_id}
    if any(not _knows(activation, status_id) for status_id in meant):
        activation = _begin_anew(activation)
    write_watches(activation, watched)
    if are_new:
        _catch_up(activation, statuses)


def _knows(activation: Activation, status_id: int) -> bool:
    return any(
        status_id == watch.to_status_id or status_id in watch.from_status_ids for watch in activation.watches.all()
    )


def _begin_anew(activation: Activation) -> Activation:
    """From here on a code it names means another status, which up to here it did not answer to: what must have fired
    stays a fact of each stretch."""
    cut = _cut()
    Activation.objects.filter(pk=activation.pk).update(until_transition=cut)
    activation.pk, activation.after_transition, activation._state.adding = None, cut, True
    activation.save()
    return activation


def _catch_up(activation: Activation, statuses: Sequence[OrderStatus]) -> None:
    """Changes parked until these statuses appeared have been applied just now, before their watches were written."""
    applied = StatusTransition.objects.loud().filter(to_status__in=statuses, pk__gt=activation.after_transition)
    start_runs(list(applied.order_by("pk")), list(activation.watches.select_related("activation__campaign")))


def _move(campaign: Campaign, moves: Mapping[CampaignState, CampaignState], refusal: str) -> Campaign:
    with transaction.atomic():
        campaign = _lock(campaign)
        if campaign.state not in moves:
            raise WrongState(refusal)
        campaign.state = moves[CampaignState(campaign.state)]
        campaign.save(update_fields=["state", "updated_at"])
        return campaign


def _lock(campaign: Campaign) -> Campaign:
    """The row as it stands, remembered so: whoever asked for the change writes it to the history of actions."""
    locked: Campaign = lock_rows(Campaign.objects.filter(pk=campaign.pk)).get()
    history.remember(locked)
    return locked


def _cut() -> int:
    """The newest transition, while no writer is open: all that follow have higher ids. 0 in an empty ledger."""
    hold_ledger_alone()
    return StatusTransition.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _close(campaign: Campaign, cut: int, now: datetime) -> None:
    campaign.activations.live().update(until_transition=cut, ended_at=now)


def _version(campaign: Campaign) -> CampaignVersion:
    newest = campaign.versions.first()
    if newest and newest.definition == campaign.draft:
        return newest
    number = newest.number + 1 if newest else 1
    return CampaignVersion.objects.create(campaign=campaign, number=number, definition=campaign.draft)
