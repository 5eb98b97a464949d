"""Calls webhooks: claims those that are due, calls them, and writes what came of each as it comes.

The smaller of the two outbox machines. A webhook is told at least once, and its receiver knows a repeat by its
`webhook-id`, so a call is claimed and begun in one commit, and one whose worker died is simply made again. Nobody waits
for a slow endpoint: of each only so many calls are under way, in all workers together, and its answers are waited for
while the others' calls go on. One that keeps failing is left alone for a while, then tried one call at a time.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns import columns, measures
from campaigns.arrivals import find_stops
from campaigns.claiming import claim, lock_free
from campaigns.engine import readable_plans
from campaigns.models import (
    Activation,
    CallSkip,
    CallState,
    CampaignState,
    CampaignVersion,
    RunState,
    WebhookCall,
    WebhookEndpoint,
)
from campaigns.owed import owed_by_stopped, wake_runs
from campaigns.webhooks.bodies import body_of
from campaigns.webhooks.endpoints import post_to, signing_keys
from campaigns.webhooks.verdicts import Again, Failed, Taken, Verdict, judge, pause_after
from campaigns.webhooks.wire import Line, Post, line
from campaigns.world import World
from statuses.models import OrderStatus
from workspace import logged
from workspace.batches import work_batch
from workspace.database import lock_rows, reconnect, set_size, write_rows
from workspace.encryption import CannotDecrypt
from workspace.failpoints import reach
from workspace.models import Workspace

# More than a call may take, and less than a person waits.
LEASE = timedelta(minutes=2)
# New calls are begun for so long; then those under way are waited for, and the task rings again if there is more.
BEGINS_S = 10.0
# While calls are under way, others that are due are looked for so often.
LOOKS_EVERY_S = 0.25
# What was answered only this worker knows: while the database is away it waits for it, well within the lease.
RECONNECTED_WITHIN_S = 45.0
# So many failures in a row are no accident of one call: it is the endpoint, which is then tried ever less often.
A_CROWD = 5
# Of an order that a person holds. Whoever releases it looks at once.
LOOKED_AT_AGAIN = timedelta(minutes=10)
FIRST_REST_S, LONGEST_REST_S = 5.0, 900.0

COLUMNS = (
    "state", "skip_reason", "due_at", "lease", "leased_until", "attempts", "status_code", "error", "called_at",
    "ended_at",
)  # fmt: skip
UNREAD = (
    "run__version__definition",
    *columns.under("run__transition", columns.OF_TRANSITION, columns.OF_TRANSITION_BY_TEXTS),
    *columns.under("order", columns.OF_ORDER, columns.OF_ORDER_BY_STEPS),
    *columns.under("customer", columns.OF_CUSTOMER_BY_STEPS),
)

log = structlog.get_logger(__name__)


def call_due() -> int:
    """Call what is due until nothing is, or for a while. Answers how many calls were ruled on."""
    ruled = 0
    begun_by = time.monotonic() + BEGINS_S
    with line() as calls:
        under_way: dict[int, WebhookCall] = {}
        is_first = True
        while True:
            house = Workspace.current()
            may_begin = time.monotonic() < begun_by and house.orders_enabled and not house.sending_paused_at
            claimed, begun = _begin(house, with_leftovers=is_first) if may_begin else (0, {})
            for call, post in begun.items():
                calls.begin(call.pk, post)
                under_way[call.pk] = call
            ruled, is_first = ruled + claimed, False
            if under_way:
                _hear(calls, under_way)
            elif not claimed:
                return ruled


def recover_expired() -> int:
    """Take back calls whose worker died before it wrote their answer: they are made again. Answers how many."""
    now = timezone.now()
    with transaction.atomic():
        # One that is further ahead than a lease can be was given before the clock was set back.
        is_over = Q(leased_until__lt=now) | Q(leased_until__gt=now + 2 * LEASE)
        expired = WebhookCall.objects.filter(is_over, state=CallState.CALLING).order_by("pk")
        calls = list(lock_rows(expired, skip_locked=True)[: set_size()])
        for call in calls:
            _try_again(call, Again(_("Whoever was calling died.")), now, at_once=True)
        _write(calls, now)
    reach("webhooks.recovered")
    return len(calls)


def _begin(house: Workspace, *, with_leftovers: bool) -> tuple[int, dict[WebhookCall, Post]]:
    """Claim what may be called now. Answers how many were claimed, and what is to be posted for those to be called;
    that they are being called is committed."""
    now, lease = timezone.now(), uuid.uuid4()
    posts: dict[int, Post] = {}

    def take(ids: Sequence[int] | None) -> list[WebhookCall]:
        if ids is not None:
            return lock_free(_to_rule_on(WebhookCall.objects.filter(pk__in=ids, state=CallState.PENDING)))
        rows = {call.pk: call for call in _within_room(now)}
        if with_leftovers:
            rows |= {call.pk: call for call in _leftovers(now)}
        return list(rows.values())

    def rule(calls: list[WebhookCall]) -> list[WebhookCall]:
        endpoints = WebhookEndpoint.objects.in_bulk({call.endpoint for call in calls}, field_name="code")
        statuses = OrderStatus.objects.in_bulk() if calls else {}
        stopped = _stopped(calls, now) if calls else {}
        for call in calls:
            endpoint = endpoints.get(call.endpoint)
            if reason := _objection(call, endpoint, house, now, stopped.get(call.run_id)):
                _skip(call, reason, now)
                continue
            if call.run.held_at is not None:
                call.due_at = now + LOOKED_AT_AGAIN
                continue
            assert endpoint is not None, "else there is an objection"
            body = body_of(call, endpoint, statuses)
            posts[call.pk] = post_to(endpoint, call.webhook_id, body, now)
            call.state, call.called_at = CallState.CALLING, now
            call.lease, call.leased_until = lease, now + LEASE
        _write(calls, now)
        return [call for call in calls if call.state == CallState.CALLING]

    claimed, calling = work_batch(take, rule, _bury)
    reach("webhooks.calling")
    return claimed, {call: posts[call.pk] for call in calling}


def _within_room(now: datetime) -> list[WebhookCall]:
    """Of each endpoint that may be called as many as it has room for. Another worker that looks at the same endpoint
    just now has it."""
    due = WebhookCall.objects.due_in_any_campaign(now)
    is_asked_for = Exists(due.filter(endpoint=OuterRef("code")))
    # What failed only later by our clock failed before that was set back, and says nothing of how long to wait.
    is_back = Q(out_until=None) | Q(out_until__lte=now) | Q(last_error_at__gt=now)
    ready = WebhookEndpoint.objects.filter(is_back, is_asked_for, off_because="").order_by("pk")
    endpoints = [one for one in lock_rows(ready, skip_locked=True) if _can_sign(one, now)]
    in_hand = _in_hand(endpoints)
    calls: list[WebhookCall] = []
    for endpoint in endpoints:
        room = (1 if endpoint.failures >= A_CROWD else endpoint.at_once) - in_hand.get(endpoint.code, 0)
        if room > 0:
            calls += claim(_to_rule_on(due.filter(endpoint=endpoint.code)), room)[:room]
    return calls


def _in_hand(endpoints: Iterable[WebhookEndpoint]) -> dict[str, int]:
    """Asked under the endpoints' locks, so that nobody else begins one meanwhile."""
    codes = [endpoint.code for endpoint in endpoints]
    calling = WebhookCall.objects.filter(state=CallState.CALLING, endpoint__in=codes).order_by()
    return dict(calling.values_list("endpoint").annotate(number=Count("pk"))) if codes else {}


def _can_sign(endpoint: WebhookEndpoint, now: datetime) -> bool:
    """Its calls wait for a person to mend its secret, until their time is over."""
    try:
        return bool(signing_keys(endpoint, now))
    except CannotDecrypt:
        log.warning("webhook_secret_unreadable", endpoint=endpoint.code)
        return False


def _leftovers(now: datetime) -> list[WebhookCall]:
    """What will be called no more, however much room there is: each needs to be told so, and its run goes on."""
    on = WebhookEndpoint.objects.filter(off_because="").values_list("code", flat=True)
    is_over = Q(expires_at__lt=now) | ~Q(endpoint__in=list(on))
    due = _to_rule_on(WebhookCall.objects.due_in_any_campaign(now).filter(is_over))
    rest = (WebhookCall.objects.left_by_ended(), owed_by_stopped(WebhookCall))
    left = (lock_free(_to_rule_on(rows).order_by("pk")[: set_size()]) for rows in rest)
    return claim(due) or next(filter(None, left), [])


def _to_rule_on(calls: QuerySet[WebhookCall]) -> QuerySet[WebhookCall]:
    """With all that is told of them. Of campaigns there are few: each is one object for all its calls."""
    rows = calls.select_related("customer", "order", "run__transition", "run__version").defer(*UNREAD)
    return rows.prefetch_related("campaign")


def _stopped(calls: Sequence[WebhookCall], now: datetime) -> dict[int, CallSkip]:
    """By run: why nothing more is to be told of it."""
    runs = [call.run for call in calls]
    versions = {run.version_id for run in runs}
    by_another = Activation.objects.filter(version__in=versions).stopped_versions()
    plans = readable_plans(CampaignVersion.objects.filter(pk__in=versions))
    entered = find_stops(runs, {pk: plan.stop_on for pk, plan in plans.items()}, World(runs, now))
    is_over = (run.pk for run in runs if run.state == RunState.STOPPED or run.version_id in by_another)
    return dict.fromkeys(entered, CallSkip.ENTERED_STOP_STATUS) | dict.fromkeys(is_over, CallSkip.STOPPED)


def _objection(
    call: WebhookCall, endpoint: WebhookEndpoint | None, house: Workspace, now: datetime, stopped: CallSkip | None
) -> CallSkip | None:
    """Why this is not to be called, in the order of the list."""
    if call.campaign.state == CampaignState.ENDED:
        return CallSkip.CAMPAIGN_ENDED
    if house.drops(call.due_at):
        return CallSkip.ORDERS_WERE_OFF
    if call.campaign.drops(call.due_at):
        return CallSkip.WAS_PAUSED
    if stopped:
        return stopped
    if endpoint is None:
        return CallSkip.NO_ENDPOINT
    if not endpoint.is_on:
        return CallSkip.ENDPOINT_OFF
    if call.is_test and not endpoint.takes_tests:
        return CallSkip.TEST
    return CallSkip.TOO_LATE if call.expires_at and now > call.expires_at else None


def _hear(calls: Line, under_way: dict[int, WebhookCall]) -> None:
    """Wait a little for answers, and write those that came."""
    heard = calls.answered(LOOKS_EVERY_S)
    if not heard:
        return
    reach("webhooks.called")
    verdicts = {under_way.pop(pk): judge(one) for pk, one in heard.items()}
    measures.called((call.endpoint, type(verdict).__name__.lower()) for call, verdict in verdicts.items())
    log.info("webhooks_called", calls=logged.ids(call.pk for call in verdicts))
    reconnect(within_s=RECONNECTED_WITHIN_S)
    with transaction.atomic():
        _write_answers(verdicts, timezone.now())
    reach("webhooks.answered")


def _write_answers(verdicts: Mapping[WebhookCall, Verdict], now: datetime) -> None:
    """Whoever lost its lease decides nothing any more: the call is made again, and known by its id."""
    leased = Q(pk__in=[call.pk for call in verdicts], lease__in={call.lease for call in verdicts})
    asked = WebhookCall.objects.filter(leased, state=CallState.CALLING).order_by("pk")
    ours = set(lock_rows(asked).values_list("pk", flat=True))
    held = [call for call in verdicts if call.pk in ours]
    for call in held:
        _take(call, verdicts[call], now)
    _write(held, now)
    for code in sorted({call.endpoint for call in verdicts}):
        _note(code, [verdict for call, verdict in verdicts.items() if call.endpoint == code], now)


def _take(call: WebhookCall, verdict: Verdict, now: datetime) -> None:
    call.status_code = verdict.status
    match verdict:
        case Taken():
            call.error = ""
            _end(call, CallState.TAKEN, now)
        case Failed(error):
            call.error = error[:500]
            _end(call, CallState.FAILED, now)
        case Again():
            _try_again(call, verdict, now)


def _try_again(call: WebhookCall, verdict: Again, now: datetime, *, at_once: bool = False) -> None:
    """Later, unless there is no try left or its time would be over by then."""
    call.attempts += 1
    call.error = verdict.error[:500]
    pause = pause_after(call.attempts, verdict.after_s)
    due_at = None if pause is None else now if at_once else now + pause
    if due_at is None or (call.expires_at and due_at > call.expires_at):
        _end(call, CallState.FAILED, now)
    else:
        call.state, call.due_at = CallState.PENDING, due_at
        call.lease = call.leased_until = None


def _skip(call: WebhookCall, reason: CallSkip, now: datetime) -> None:
    call.skip_reason = reason
    _end(call, CallState.SKIPPED, now)


def _end(call: WebhookCall, state: CallState, now: datetime) -> None:
    call.state, call.due_at, call.ended_at = state, None, now
    call.lease = call.leased_until = None


def _write(calls: Sequence[WebhookCall], now: datetime) -> None:
    write_rows(calls, COLUMNS)
    wake_runs((call.run_id for call in calls if call.has_ended), now)


def _bury(call: WebhookCall, error: Exception) -> None:
    log.error("webhook_failed", call=call.pk, run=call.run_id, exc_info=error)
    now = timezone.now()
    call.error = type(error).__name__
    _end(call, CallState.FAILED, now)
    _write([call], now)


def _note(code: str, verdicts: Sequence[Verdict], now: datetime) -> None:
    """Keep what an operator asks first of an endpoint, and whether it is to be left alone for a while."""
    rows = WebhookEndpoint.objects.filter(code=code)
    failures = [verdict for verdict in verdicts if not isinstance(verdict, Taken)]
    if not failures:
        rows.update(last_taken_at=now, failures=0, out_until=None)
    elif endpoint := lock_rows(rows).first():
        _note_failures(endpoint, failures, has_taken=len(failures) < len(verdicts), now=now)


def _note_failures(
    endpoint: WebhookEndpoint, failures: Sequence[Failed | Again], *, has_taken: bool, now: datetime
) -> None:
    tries = [verdict for verdict in failures if isinstance(verdict, Again)]
    if has_taken:
        endpoint.last_taken_at, endpoint.failures, endpoint.out_until = now, 0, None
    else:
        endpoint.failures = min(endpoint.failures + len(tries), 1_000_000)
    endpoint.last_error, endpoint.last_error_at = failures[-1].error[:500], now
    if rest := _rest(endpoint.failures, tries):
        endpoint.out_until = now + rest
    if any(isinstance(verdict, Failed) and verdict.is_gone for verdict in failures):
        log.warning("webhook_endpoint_gone", endpoint=endpoint.code)
        endpoint.off_because = WebhookEndpoint.Off.GONE
    endpoint.save(
        update_fields=["failures", "out_until", "last_error", "last_error_at", "last_taken_at", "off_because"]
    )


def _rest(failures: int, tries: Sequence[Again]) -> timedelta | None:
    """As long as it asked for, or twice as long each time once it keeps failing."""
    asked_s = max((verdict.after_s or 0 for verdict in tries), default=0)
    usual_s = FIRST_REST_S * 2 ** min(failures - A_CROWD, 10) if tries and failures >= A_CROWD else 0
    rest_s = max(asked_s, min(usual_s, LONGEST_REST_S))
    return timedelta(seconds=rest_s) if rest_s else None
