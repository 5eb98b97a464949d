"""How often a campaign lets the same order or customer in, and who is let in: the first gate of every run.

A subject's admissions are one row; it is made if missing, locked, and judged in order of (occurred_at, id) within a
batch. So two workers that hold two runs of one subject cannot let both in; which of the two came first, they may settle
by who was first to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from campaigns.models import Admission, Run
from campaigns.world import World
from orders.models import StatusTransition
from workspace.database import lock_rows, write_rows

MODES = ("every_time", "once_per_order", "first_visit", "once_per_customer", "not_within")
MOST_DAYS = 3660


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


def refused_reentries(runs: Sequence[Run], reentry: Reentry, world: World) -> dict[int, str]:
    """Which of these runs, all at the gate of one campaign, may not enter again, and why. Writes who is admitted."""
    if reentry.mode == "first_visit":
        return dict.fromkeys(_visited_before(runs), "not_first_visit")
    if not reentry.per:
        return {}
    subjects = {run.pk: subject for run in runs if (subject := _subject(run, reentry.per))}
    admissions = _lock_admissions(runs[0].campaign_id, subjects.values())
    refused, admitted = {}, {}
    for run in sorted((run for run in runs if run.pk in subjects), key=lambda run: _moment(run, world)):
        admission = admissions[subjects[run.pk]]
        occurred_at = _moment(run, world)[0]
        if _is_too_near(admission, occurred_at, reentry.apart):
            refused[run.pk] = f"entered_before_per_{reentry.per}"
        else:
            admission.run_id = run.pk
            admission.occurred.append(occurred_at.isoformat())
            admitted[admission.pk] = admission
    write_rows(list(admitted.values()), ("run_id", "occurred"))
    return refused


def _subject(run: Run, per: str) -> str | None:
    subject_id = run.order_id if per == "order" else run.customer_id
    return None if subject_id is None else f"{per}:{subject_id}"


def _moment(run: Run, world: World) -> tuple[datetime, int]:
    transition = world.transition(run)
    return (transition.occurred_at, transition.pk) if transition else (run.entered_at, run.pk)


def _is_too_near(admission: Admission, occurred_at: datetime, apart: timedelta | None) -> bool:
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
    earlier = same.filter(
        Q(occurred_at__lt=OuterRef("transition__occurred_at"))
        | Q(occurred_at=OuterRef("transition__occurred_at"), pk__lt=OuterRef("transition_id"))
    )
    return list(
        Run.objects.filter(Exists(earlier), pk__in=[run.pk for run in runs]).order_by().values_list("pk", flat=True)
    )
