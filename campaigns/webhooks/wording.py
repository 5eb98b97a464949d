"""Endpoints, and what became of calls, in the words of the screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from campaigns.models import CallSkip, CallState, WebhookCall, WebhookEndpoint
from campaigns.sms.wording import in_our_words
from campaigns.webhooks.endpoints import signing_keys
from campaigns.webhooks.verdicts import Again, Failed, Taken, Verdict
from workspace.encryption import CannotDecrypt
from workspace.local_formats import clock, number

# Words and tone, as a pill is made of.
State = tuple[str, str]

TONES = {
    CallState.PENDING: "warning",
    CallState.CALLING: "info",
    CallState.TAKEN: "good",
    CallState.FAILED: "bad",
    CallState.SKIPPED: "muted",
}


def problem_of(endpoint: WebhookEndpoint, now: datetime) -> str:
    """Why nothing can be signed for it; empty if it can."""
    try:
        signing_keys(endpoint, now)
    except CannotDecrypt as error:
        return str(error)
    return ""


def state_of(endpoint: WebhookEndpoint, now: datetime) -> State:
    if not endpoint.is_on:
        return str(WebhookEndpoint.Off(endpoint.off_because).label), "muted"
    if problem_of(endpoint, now):
        return _("Its secret cannot be read"), "bad"
    if endpoint.out_until and endpoint.out_until > now:
        return _("Not called until %s") % clock(endpoint.out_until), "bad"
    if has_failed_lately(endpoint):
        return _("Its last call failed"), "warning"
    return (_("In use"), "good") if endpoint.last_taken_at else (_("Never called"), "info")


def has_failed_lately(endpoint: WebhookEndpoint) -> bool:
    """Whether its last error is news."""
    failed_at, taken_at = endpoint.last_error_at, endpoint.last_taken_at
    return failed_at is not None and (taken_at is None or failed_at >= taken_at)


def endpoint_names() -> dict[str, str]:
    """What people call each endpoint, by its code, which is what calls keep. One query."""
    return dict(WebhookEndpoint.objects.values_list("code", "name"))


def tell_calls(calls: Sequence[WebhookCall]) -> dict[int, str]:
    """What became of each as a sentence, by their ids. One query for any number of them."""
    names = endpoint_names() if calls else {}
    return {call.pk: _tell(call, names) for call in calls}


def _tell(call: WebhookCall, names: Mapping[str, str]) -> str:
    words = {"endpoint": names.get(call.endpoint, call.endpoint), "why": in_our_words(call.error)}
    match call.state:
        case CallState.TAKEN if call.ended_at:
            seconds = number(max((call.ended_at - call.created_at).total_seconds(), 0), 1)
            return _("“%(endpoint)s” was told, after %(seconds)s s.") % {**words, "seconds": seconds}
        case CallState.FAILED:
            return _("“%(endpoint)s” was not told, and no more tries are made: %(why)s") % words
        case CallState.SKIPPED:
            return _("“%(endpoint)s” was not told: %(why)s.") % {**words, "why": CallSkip(call.skip_reason).label}
        case CallState.PENDING if call.attempts and call.due_at:
            return _("“%(endpoint)s” did not take it and is told again at %(time)s: %(why)s") % {
                **words,
                "time": clock(call.due_at),
            }
    return _("“%(endpoint)s” is to be told.") % words


def verdict_in_words(verdict: Verdict) -> State:
    """What came of a call that a person made to try an endpoint."""
    match verdict:
        case Taken(status):
            return _("It took the call (HTTP %d).") % status, "good"
        case Again(error):
            return _("It did not take the call, and would be called again: %s") % in_our_words(error), "warning"
        case Failed(error):
            return _("It did not take the call: %s") % in_our_words(error), "bad"
