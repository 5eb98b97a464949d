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

from campaigns import back_filling, doorbell
from campaigns.checks import Caution, find_cautions
from campaigns.definitions import read_plan
from campaigns.expecting import hourly_limit
from campaigns.matching import start_runs, write_watches
from campaigns.models import (
    Activation,
    BackFill,
    Breaker,
    Campaign,
    CampaignState,
    CampaignVersion,
    Former,
    Lane,
)
from campaigns.sms.breaker import write_limit
from campaigns.steps.base import Trigger
from campaigns.sweeping import finish
from orders.ledger import hold_ledger, hold_ledger_alone
from orders.models import Order, StatusTransition
from statuses.models import OrderStatus
from workspace import history
from workspace.database import lock_rows
from workspace.models import User
from workspace.queues import RUNS
from workspace.reading import Problem, read_time
from workspace.upserts import is_same

BEGINNING = "beginning"


class WrongState(ValueError):
    """A verb that does not fit the campaign's state; the message says what to do instead."""


class DraftChanged(ValueError):
    """Somebody else saved the draft meanwhile."""


@dataclass(frozen=True, slots=True)
class Activated:
    """`back_fill`: asked to reach back, what was there already starts runs too, from now on, a set at a time."""

    activation: Activation
    back_fill: BackFill | None
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
        _refuse_archived(campaign)
        if revision is not None and revision != campaign.revision:
            raise DraftChanged(_("Somebody else changed this campaign. Look at their version, then save again."))
        if not is_same(campaign.draft, definition):
            campaign.name, campaign.draft, campaign.revision = plan.name, definition, campaign.revision + 1
            campaign.save(update_fields=["name", "draft", "revision", "updated_at"])
        return campaign, False


def activate(
    campaign: Campaign,
    *,
    from_the_beginning: bool = False,
    effective_from: datetime | None = None,
    former: Former = Former.FINISH,
    by: User | None = None,
) -> Activated:
    """Make the draft a version and let it run. Nothing that occurred before now starts it, unless it is asked to.

    Asked to, the changes, orders and moments of the clock that were there already start it too, but what was told as
    history: in the background, see `back_filling`. A new version of a live campaign goes on where the former one leaves
    off; `former` says what becomes of the orders under way. A back-fill of the former one stops. Raises WrongState.
    """
    with transaction.atomic():
        campaign = _lock(campaign)
        if campaign.state == CampaignState.ENDED:
            raise WrongState(_("The campaign has ended. Copy it to begin again."))
        _refuse_archived(campaign)
        plan = read_plan(campaign.draft)
        cut = _cut()
        now = timezone.now()
        before = campaign.activations.live().select_related("version", "back_fill").first()
        if before:
            finish(before, now)
        reaches_back = from_the_beginning or effective_from is not None
        version = _version(campaign)
        _close(campaign, cut, now, by)
        _say_of_former(campaign, version, former)
        activation = Activation.objects.create(
            campaign=campaign,
            version=version,
            after_transition=0 if reaches_back else cut.transition,
            after_order=0 if reaches_back else cut.order,
            swept_to=now if plan.trigger.goes_by_the_clock else None,
            effective_from=None if from_the_beginning else effective_from or _goes_on_from(before, plan.trigger, now),
            lane=Lane.URGENT if plan.is_urgent else Lane.BULK,
            activated_at=now,
            activated_by=by,
        )
        write_watches(activation, plan.trigger)
        write_limit(activation, hourly_limit(activation, plan))
        campaign.state, campaign.asked_by, campaign.asked_at = CampaignState.ACTIVE, None, None
        campaign.save(update_fields=["state", "asked_by", "asked_at", "updated_at"])
        upto = cut.order if plan.trigger.kind.hears_created else cut.transition
        back_fill = back_filling.begin(activation, upto) if reaches_back else None
        if before:
            doorbell.ring_on_commit(RUNS)
        return Activated(activation, back_fill, find_cautions(campaign.draft, plan))


def ask(campaign: Campaign, *, by: User) -> Campaign:
    """Ask whoever may activate it to do so. Asked twice, it is the first who asked. Raises WrongState."""
    with transaction.atomic():
        campaign = lock_rows(Campaign.objects.filter(pk=campaign.pk)).get()
        _refuse_archived(campaign)
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
    return not is_same(live.version.definition, campaign.draft)


def pause(campaign: Campaign) -> Campaign:
    """Hold every run and message where it stands. Changes still start runs; they wait."""
    return _move(campaign, {CampaignState.ACTIVE: CampaignState.PAUSED}, _("Only an active campaign can be paused."))


def resume(campaign: Campaign, *, drop_due_before: datetime | None = None) -> Campaign:
    """What waited goes on, but for what was due before `drop_due_before`: the engine and the law stop that."""
    with transaction.atomic():
        refusal = _("Only a paused campaign can be resumed.")
        campaign = _move(campaign, {CampaignState.PAUSED: CampaignState.ACTIVE}, refusal)
        if drop_due_before is not None:
            # It only grows: what an earlier one dropped, and nobody came to yet, stays dropped.
            campaign.drop_due_before = max(drop_due_before, campaign.drop_due_before or drop_due_before)
            campaign.save(update_fields=["drop_due_before"])
        for queue in doorbell.TASKS:
            doorbell.ring_on_commit(queue)
        return campaign


def end(campaign: Campaign, *, by: User | None = None) -> Campaign:
    """Start nothing more, and stop what is under way: the engine stops each run with the reason `campaign_ended`."""
    live = {CampaignState.ACTIVE: CampaignState.ENDED, CampaignState.PAUSED: CampaignState.ENDED}
    with transaction.atomic():
        campaign = _move(campaign, live, _("Only an active or paused campaign can be ended."))
        campaign.asked_by, campaign.asked_at = None, None
        campaign.save(update_fields=["asked_by", "asked_at"])
        _close(campaign, _cut(), timezone.now(), by)
        Breaker.objects.filter(campaign=campaign).update(held_at=None)
        return campaign


def statuses_saved(statuses: Sequence[OrderStatus], *, are_new: bool) -> None:
    """Statuses appeared, were renamed or merged: let the live triggers that name their codes know them."""
    with transaction.atomic():
        hold_ledger()  # an activation that cannot see these statuses yet is waited for, or waits for us
        for activation in lock_rows(Activation.objects.live().select_related("version"), only_self=True):
            trigger = read_plan(activation.version.definition).trigger
            if trigger.watched is None:
                continue
            if met := [status for status in statuses if (status.type, status.code_key) in trigger.statuses]:
                _learn(activation, trigger, met, are_new=are_new)


def _learn(activation: Activation, trigger: Trigger, statuses: Sequence[OrderStatus], *, are_new: bool) -> None:
    meant = {status.merged_into_id for status in statuses if status.merged_into_id}
    if any(not _knows(activation, status_id) for status_id in meant):
        activation = _begin_anew(activation)
    write_watches(activation, trigger)
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
    Activation.objects.filter(pk=activation.pk).update(until_transition=cut.transition, until_order=cut.order)
    activation.pk, activation.after_transition, activation.after_order = None, cut.transition, cut.order
    activation._state.adding = True
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


def _refuse_archived(campaign: Campaign) -> None:
    if campaign.archived_at is not None:
        raise WrongState(_("The campaign is archived. Bring it back first."))


def _lock(campaign: Campaign) -> Campaign:
    """The row as it stands, remembered so: whoever asked for the change writes it to the history of actions."""
    locked: Campaign = lock_rows(Campaign.objects.filter(pk=campaign.pk)).get()
    history.remember(locked)
    return locked


@dataclass(frozen=True, slots=True)
class _Cut:
    """The newest transition and the newest order: 0 where there is none."""

    transition: int
    order: int


def _cut() -> _Cut:
    """Drawn while no writer is open: all that follow have higher ids."""
    hold_ledger_alone()
    newest = (rows.aggregate(newest=Max("pk"))["newest"] or 0 for rows in (StatusTransition.objects, Order.objects))
    return _Cut(*newest)


def _goes_on_from(former: Activation | None, trigger: Trigger, now: datetime) -> datetime | None:
    """A version answers to late news of its former's time. But moments are other ones by another clock: those that
    came before are the former's."""
    by_the_clock = trigger.goes_by_the_clock or (former is not None and former.swept_to is not None)
    return now if former is None or by_the_clock else former.effective_from


def _close(campaign: Campaign, cut: _Cut, now: datetime, by: User | None) -> None:
    back_filling.stop(campaign, by)
    campaign.activations.live().update(until_transition=cut.transition, until_order=cut.order, ended_at=now)


def _say_of_former(campaign: Campaign, newest: CampaignVersion, former: Former) -> None:
    """What becomes of orders on older versions. Those that were to stop already do."""
    older = campaign.activations.exclude(version=newest).exclude(former=Former.STOP)
    older.update(former=former)


def _version(campaign: Campaign) -> CampaignVersion:
    newest = campaign.versions.first()
    if newest and is_same(newest.definition, campaign.draft):
        return newest
    number = newest.number + 1 if newest else 1
    return CampaignVersion.objects.create(campaign=campaign, number=number, definition=campaign.draft)
