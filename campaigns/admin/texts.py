"""The text of a message while it is written: looked at by the server at each pause of typing, and tried on a phone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from campaigns.editing import read_definition
from campaigns.models import Encoding, SmsGateway
from campaigns.sms.alphabet import Dear
from campaigns.sms.forms import read_number
from campaigns.sms.previews import Asked, Gains, Looked, People, Preview, look, text_for
from campaigns.sms.templates import LONGEST_TEMPLATE, TemplateProblem
from campaigns.sms.trying import send_test
from campaigns.sms.wording import answer_of
from workspace import history
from workspace.local_formats import exact_money
from workspace.local_formats import number as local_number
from workspace.local_time import workspace_of
from workspace.models import Action, User, Verb, Workspace
from workspace.screens import Screen

TO_TEST = "campaigns.test_campaign"
# So many tests a person sends within an hour: a text costs money, and its number is anybody's.
MOST_TESTS = 20
MOST_PARTS = 10


def urls(screen: Screen) -> list[URLPattern]:
    """For CampaignScreen.get_urls."""
    wrap = screen.admin_site.admin_view
    return [
        path("text/", wrap(require_POST(partial(look_view, screen))), name="campaigns_campaign_text"),
        path("text/test/", wrap(require_POST(partial(test_view, screen))), name="campaigns_campaign_text_test"),
    ]


def look_view(screen: Screen, request: HttpRequest) -> JsonResponse:
    """What is said of a text by looking at it. Nothing is written."""
    if not (screen.has_change_permission(request) or screen.has_add_permission(request)):
        raise PermissionDenied
    said = _said(request)
    if said is None:
        return _refusal(_("This is no text with its settings."))
    house = workspace_of(request)
    told = _told(look(_asked(said), _reader(request), house, timezone.now()), _asked(said), house)
    return JsonResponse(told | {"may_test": request.user.has_perm(TO_TEST)})


def test_view(screen: Screen, request: HttpRequest) -> JsonResponse:
    """The text as it comes out for one order, to a phone that the person names."""
    if not request.user.has_perm(TO_TEST):
        raise PermissionDenied
    said, reader = _said(request), _reader(request)
    if said is None:
        return _refusal(_("This is no text with its settings."))
    if _tests_of(reader) >= MOST_TESTS:
        told = _("You sent %d tests within an hour. Try again later.") % MOST_TESTS
        return _refusal(told, HTTPStatus.TOO_MANY_REQUESTS)
    made = _made(said, reader, workspace_of(request))
    if isinstance(made, str):
        return _refusal(made)
    try:
        number = read_number(str(said.get("to", ""))[:40])
    except ValidationError as error:
        return _refusal(" ".join(error.messages))
    gateway = _gateway(said.get("sender"))
    if gateway is None:
        return _refusal(_("No SMS gateway is connected, so nothing was sent. Connect one in Settings > SMS."))
    answer = send_test(gateway, number, made.text)
    history.record(request, Verb.TESTED, gateway, changes={"answer": [None, type(answer).__name__]})
    words, tone = answer_of(answer)
    return JsonResponse({"said": words, "tone": tone})


def _said(request: HttpRequest) -> dict[str, Any] | None:
    try:
        said = read_definition(request.body.decode())
    except ValueError:
        return None
    is_right = (
        isinstance(said, dict) and isinstance(said.get("text"), str) and len(said["text"]) <= 2 * LONGEST_TEMPLATE
    )
    return said if is_right else None


def _asked(said: dict[str, Any]) -> Asked:
    trigger = said.get("trigger")
    words = {name: said[name] if isinstance(said.get(name), str) else "" for name in ("purpose", "deliver")}
    return Asked(said["text"], trigger=trigger if isinstance(trigger, dict) else {}, **words)


def _reader(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _refusal(detail: str, status: int = HTTPStatus.UNPROCESSABLE_ENTITY) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)


# A test


def _tests_of(person: User) -> int:
    lately = Action.objects.filter(user_id=person.pk, at__gte=timezone.now() - timedelta(hours=1))
    return lately.filter(verb=Verb.TESTED).count()


def _made(said: dict[str, Any], reader: User, house: Workspace) -> Preview | str:
    """The text for the order that is looked at, else why there is none."""
    order, change = said.get("order"), said.get("change")
    if type(order) is not int or not (change is None or type(change) is int):
        return _("Choose an order to make the text for.")
    try:
        preview = text_for(said["text"], order, change, reader, house)
    except TemplateProblem as problem:
        return str(problem)
    if preview is None:
        return _("Choose an order to make the text for.")
    if preview.parts > MOST_PARTS:
        return _("The text has %d parts. Shorten it.") % preview.parts
    return preview.problem or preview if preview.text or preview.problem else _("The text came out empty.")


def _gateway(sender: Any) -> SmsGateway | None:
    """The first that sends under this name, else the first."""
    rows = list(SmsGateway.objects.filter(is_active=True).order_by("position", "pk"))
    return next((row for row in rows if sender and row.sender == sender), rows[0] if rows else None)


# What is told of a look


def _told(looked: Looked, asked: Asked, house: Workspace) -> dict[str, Any]:
    problem = looked.problem
    return {
        "problem": problem and {"detail": problem.detail, "line": problem.line, "column": problem.column},
        "previews": [_told_preview(preview, looked) for preview in looked.previews],
        "longest": looked.longest,
        "near": "" if looked.is_near else _("No order would have entered lately. These are simply the newest."),
        "dear": [_told_sign(sign) for sign in looked.dear],
        "offer": _offer(looked.gains),
        "consent": _consent(looked.people, asked),
        "hours": _hours(looked.people, asked, house),
    }


def _told_preview(preview: Preview, looked: Looked) -> dict[str, Any]:
    return {
        "order_id": preview.order_id,
        "change": preview.change,
        "order": preview.order,
        "customer": preview.customer,
        "text": preview.text,
        "problem": preview.problem,
        "size": "" if preview.problem else _size(preview, looked),
        "parts": preview.parts,
        "values": _("Signs of the order’s own values make this one dearer: %s") % " ".join(preview.signs_of_values)
        if preview.signs_of_values
        else "",
    }


def _size(preview: Preview, looked: Looked) -> str:
    """“1 part, 92 characters, GSM 7 bit, €0.05”."""
    told = [
        ngettext("%s part", "%s parts", preview.parts) % local_number(preview.parts),
        ngettext("%s character", "%s characters", preview.length) % local_number(preview.length),
        str(Encoding(preview.encoding).label),
    ]
    if looked.price_per_part is not None:
        told.append(exact_money(looked.price_per_part * preview.parts, looked.currency))
    return ", ".join(told)


def _told_sign(sign: Dear) -> dict[str, Any]:
    is_seen = sign.sign.isprintable() and not sign.sign.isspace()
    return {
        "sign": sign.sign if is_seen else sign.name,
        "name": sign.name,
        "places": list(sign.places),
        "plain": sign.plain,
    }


def _offer(gains: Gains | None) -> str:
    if gains is None:
        return ""
    if not gains.fewer:
        return _("Written plainly, more fits into each part.")
    told = ngettext(
        "Written plainly, %(fewer)s of these texts would have fewer parts.",
        "Written plainly, %(fewer)s of these texts would have fewer parts.",
        gains.fewer,
    )
    return told % {"fewer": local_number(gains.fewer)}


def _consent(people: People, asked: Asked) -> str:
    if asked.is_marketing:
        rule = _("Marketing goes only to those who gave consent.")
    else:
        rule = _("Transactional goes to all who did not refuse.")
    if not people.found:
        return rule
    numbers = {"allowed": local_number(people.allowed), "found": local_number(people.found)}
    return rule + " " + _("Of the last %(found)s people it would have met: %(allowed)s.") % numbers


def _hours(people: People, asked: Asked, house: Workspace) -> str:
    if not asked.waits_at_night:
        return _("It goes at once, also at night.")
    until = f"{house.quiet_until:%H:%M}"
    if not people.found:
        return _("At night it waits until %s where the customer is.") % until
    if not people.asleep:
        return _("Now it would go to all of them at once; at night it waits until %s where they are.") % until
    told = ngettext(
        "Now this would wait until %(until)s for %(asleep)s person.",
        "Now this would wait until %(until)s for %(asleep)s people.",
        people.asleep,
    )
    return told % {"until": until, "asleep": local_number(people.asleep)}
