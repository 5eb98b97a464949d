"""How often a campaign lets the same order or customer in, and who is let in: the first gate of every run.

Entries are judged in order of time, then of their changes: within a batch by sorting it, across workers because a run
waits while an earlier one of its subject, in nobody's hands or another's, stands at the gate. A subject's admissions
are one row, made if missing and locked, so two workers cannot let both in whatever comes between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from campaigns.models import Admission, Run, RunState
from orders.models import StatusTransition
from workspace.database import lock_rows, write_rows

MODES = ("every_time", "once_per_order", "first_visit", "once_per_customer", "not_within")
MOST_DAYS = 3660
HOUR = timedelta(hours=1)
# Nothing that a shop does with one order comes near it.
MOST_AN_HOUR = 20

# Of one moment the earlier change comes first.
CHANGE = Coalesce("transition_id", 0)


@dataclass(frozen=True, slots=True)
class Reentry:
    """`per`: whose entries count, "order", "customer" or "". `apart`: how far two must lie; None: never two."""

    mode: str
    per: str = ""
    apart: timedelta | None = None


EVERY_TIME = Reentry("every_time")


def read_reentry(raw: Any) -> Reentry:
    """`{"mode": "not_within", "days": 30, "per": "customer"}`, or a mode alone. Raises ValidationError."""
    if not isinstance(raw, Mapping) or raw.get("mode") not in MODES:
        raise forms.ValidationError(_("Write {“mode”: …} with one of: %s.") % ", ".join(MODES))
    mode = raw["mode"]
    wanted = {"mode", "days", "per"} if mode == "not_within" else {"mode"}
    if set(raw) != wanted:
        raise forms.ValidationError(
            _("“%(mode)s” takes just: %(keys)s.") % {"mode": mode, "keys": ", ".join(sorted(wanted))}
        )
    if mode != "not_within":
        return {"once_per_order": Reentry(mode, "order"), "once_per_customer": Reentry(mode, "customer")}.get(
            mode, Reentry(mode)
        )
    days, per = raw["days"], raw["per"]
    if not isinstance(days, int) or isinstance(days, bool) or not 0 < days <= MOST_DAYS:
        raise forms.ValidationError(_("“days” is a whole number from 1 to %d.") % MOST_DAYS)
    if per not in ("order", "customer"):
        raise forms.ValidationError(_("“per” is “order” or “customer”."))
    return Reentry(mode, per, timedelta(days=days))


def earlier_at_gate(runs: Sequence[Run], reentry: Reentry, now: datetime) -> QuerySet[Run]:
    """Whom these runs, all at the gate of one campaign, must let go first, the earliest first."""
    subjects = {f"{reentry.per}__in": {getattr(run, f"{reentry.per}_id") for run in runs}}
    ours = Run.objects.annotate(change=CHANGE).filter(_is_of_same(reentry), _is("gt"), pk__in=[run.pk for run in runs])
    others = _at_gate(runs, now).filter(Exists(ours), campaign=runs[0].campaign_id, **subjects)
    return others.annotate(change=CHANGE).order_by("occurred_at", "change", "pk")


def runs_behind_another(runs: Sequence[Run], reentry: Reentry, now: datetime) -> set[int]:
    """Which of these runs, all at the gate of one campaign, must wait for an earlier one that is not among them.

    One that was left to a newer worker, and so is not due, is not waited for.
    """
    if not reentry.per:
        return set()
    others = _at_gate(runs, now).filter(_is_of_same(reentry), _is("lt"))
    behind = Run.objects.annotate(change=CHANGE).filter(Exists(others), pk__in=[run.pk for run in runs])
    return set(behind.order_by().values_list("pk", flat=True))


def _at_gate(but: Sequence[Run], now: datetime) -> QuerySet[Run]:
    others = Run.objects.annotate(change=CHANGE).exclude(pk__in=[run.pk for run in but])
    return others.filter(state=RunState.WAITING, step="", due_at__lte=now)


def _is_of_same(reentry: Reentry) -> Q:
    return Q(**{name: OuterRef(name) for name in ("campaign", reentry.per)})


def _is(side: str) -> Q:
    """Of runs in a subquery: whether they come before ("lt") or after ("gt") the run outside it."""
    at, change = OuterRef("occurred_at"), OuterRef("change")
    same = Q(**{f"change__{side}": change}) | Q(**{"change": change, f"pk__{side}": OuterRef("pk")})
    return Q(**{f"occurred_at__{side}": at}) | (Q(occurred_at=at) & same)


def refused_reentries(runs: Sequence[Run], reentry: Reentry) -> dict[int, str]:
    """Which of these runs, all at the gate of one campaign, may not enter again, and why. Writes who is admitted."""
    if reentry.mode == "first_visit":
        return dict.fromkeys(_visited_before(runs), "not_first_visit")
    if not reentry.per:
        return {}
    subjects = {run.pk: subject for run in runs if (subject := _subject(run, reentry.per))}
    admissions = _lock_admissions(runs[0].campaign_id, subjects.values())
    refused, admitted = {}, {}
    for run in sorted((run for run in runs if run.pk in subjects), key=moment_of):
        admission = admissions[subjects[run.pk]]
        if is_too_near(admission, run.occurred_at, reentry.apart):
            refused[run.pk] = f"entered_before_per_{reentry.per}"
        else:
            admission.run_id = run.pk
            admission.occurred.append(run.occurred_at.isoformat())
            admitted[admission.pk] = admission
    write_rows(list(admitted.values()), ("run_id", "occurred"))
    return refused


def come_too_often(runs: Sequence[Run]) -> set[int]:
    """Of these runs, all at the gate of one campaign, those whose order had started it too often within the hour up to
    theirs, let in or not. Asked where what a campaign does may start it again: campaigns/circles.py."""
    orders, moments = {run.order_id for run in runs}, [run.occurred_at for run in runs]
    near = Run.objects.filter(campaign=runs[0].campaign_id, order__in=orders - {None}).order_by()
    times: dict[int | None, list[datetime]] = defaultdict(list)
    for order, at in near.filter(occurred_at__gt=min(moments) - HOUR).values_list("order", "occurred_at"):
        times[order].append(at)
    return {run.pk for run in runs if _so_often(times[run.order_id], run.occurred_at) > MOST_AN_HOUR}


def _so_often(times: Iterable[datetime], until: datetime) -> int:
    return sum(1 for at in times if until - HOUR < at <= until)


def _subject(run: Run, per: str) -> str | None:
    subject_id = run.order_id if per == "order" else run.customer_id
    return None if subject_id is None else f"{per}:{subject_id}"


def moment_of(run: Run) -> tuple[datetime, int, int]:
    return run.occurred_at, run.transition_id or 0, run.pk


def is_too_near(admission: Admission, occurred_at: datetime, apart: timedelta | None) -> bool:
    if apart is None:
        return bool(admission.occurred)
    return any(abs(occurred_at - datetime.fromisoformat(at)) < apart for at in admission.occurred)


def _lock_admissions(campaign_id: int, subjects: Iterable[str]) -> dict[str, Admission]:
    """Their rows, made where missing, under lock; in one order everywhere, so that no two batches deadlock."""
    wanted = sorted(set(subjects))
    Admission.objects.bulk_create(
        [Admission(campaign_id=campaign_id, subject=subject) for subject in wanted], ignore_conflicts=True
    )
    rows = Admission.objects.filter(campaign_id=campaign_id, subject__in=wanted).order_by("pk")
    return {row.subject: row for row in lock_rows(rows)}


def _visited_before(runs: Sequence[Run]) -> list[int]:
    """Runs whose order had entered the same status before, by the ledger: (occurred_at, id) before the run's own."""
    same = StatusTransition.objects.filter(
        order=OuterRef("transition__order"),
        type=OuterRef("transition__type"),
        to_status=OuterRef("transition__to_status"),
    )
    came = OuterRef("transition__occurred_at")
    earlier = same.filter(Q(occurred_at__lt=came) | Q(occurred_at=came, pk__lt=OuterRef("transition")))
    return list(
        Run.objects.filter(Exists(earlier), pk__in=[run.pk for run in runs]).order_by().values_list("pk", flat=True)
    )
