"""The matrix of docs/permissions.md, each cell of it asked for with a real request.

An address, method or endpoint that the matrix lacks fails here, with the row to judge and write.
"""

import json
import logging

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import get_resolver, path

from campaigns.lifecycle import save_draft
from campaigns.models import IncomingText, Message, SmsGateway
from orders.models import StatusChange, StatusTransition, UnknownCode
from orderstatus_project.demo.shop import SOURCE, VISITORS_ORDER
from orderstatus_project.urls import to_start
from tests.callers import Caller
from tests.campaigns.shop import definition, sms
from tests.factories import SourceFactory
from tests.matrix import ROLES, Row, endpoints, fill, is_endpoint, routes, screens, told
from tests.screens import holding, signed_in
from workspace.models import Action, ApiKey, Scope, User

METHODS = ("GET", "POST")
API_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Through what others see: a redirection would hide that an object is not there.
TO_START = {"/", "/admin/login/", "/admin/logout/", "/admin/orders-switch/on/"}


@pytest.fixture
def things(shop, settings, caplog):
    """One of everything that has a page, as arguments of addresses and as bodies of requests."""
    caplog.set_level(logging.CRITICAL, "django.request")  # each refusal would be told
    settings.DEMO = True
    shop.source = SourceFactory(code=SOURCE)
    shop.start(sms(text="Hello"))
    run = shop.pay(VISITORS_ORDER)
    key, _secret = ApiKey.objects.issue(name="Shop", source=shop.source, scopes=["orders:read"])
    text = IncomingText.objects.create(
        gateway="acme", gateway_id="1", phone="+16025550100", text="Hi", meaning="other",
        occurred_at=run.entered_at, received_at=run.entered_at,
    )  # fmt: skip
    gateway = SmsGateway.objects.create(code="acme", name="Acme", kind="http")
    change = StatusChange.objects.filter(order=run.order).latest("pk")
    unknown = UnknownCode.objects.create(
        source=shop.source,
        type="payment",
        code="payd",
        code_key="payd",
        times=1,
        order_external_id="O-1",
        first_seen_at=run.entered_at,
        last_seen_at=run.entered_at,
    )
    return {
        "run_id": run.pk,
        "type": "payment",
        "code": "paid",
        "app_label": "orders",
        "url": "nowhere/",
        "external_id": run.order.external_id,
        "gateway": "acme",
        "content_type_id": 1,
        "/admin/auth/group/": Group.objects.create(name="Our own").pk,
        "/admin/workspace/user/": User.objects.create_user("grace", is_staff=True).pk,
        "/admin/workspace/workspace/": 1,
        "/admin/orders/unknowncode/": unknown.pk,
        "/admin/workspace/action/": Action.objects.create(verb="created", who="grace").pk,
        "/admin/workspace/source/": shop.source.pk,
        "/admin/workspace/apikey/": key.pk,
        "/admin/statuses/orderstatus/": shop.statuses["shipped"].pk,
        "/admin/customers/customer/": run.customer_id,
        "/admin/orders/order/": run.order_id,
        "/admin/orders/statuschange/": change.pk,
        "/admin/orders/statustransition/": StatusTransition.objects.latest("pk").pk,
        # What ran stays, a draft may go.
        "/admin/campaigns/campaign/<path:object_id>/delete/": save_draft(definition(sms(), code="draft"))[0].pk,
        "/admin/campaigns/campaign/": run.campaign_id,
        "/admin/campaigns/run/": run.pk,
        "/admin/campaigns/message/": Message.objects.latest("pk").pk,
        "/admin/campaigns/incomingtext/": text.pk,
        "/admin/campaigns/smsgateway/": gateway.pk,
        "/admin/r/": 1,
        "/api/v1/runs/": run.pk,
        "/api/v1/unknown-codes/": unknown.pk,
        "/api/v1/messages/": Message.objects.latest("pk").pk,
        "bodies": {
            "/admin/start/move/": {"status": shop.statuses["invoiced"].pk},
            "/admin/start/again/": {"mine": change.pk},
        },
    }


def session_of(role):
    """The cookies of somebody with this role, if they are logged in at all."""
    if role == "Not logged in":
        return ""
    client = signed_in() if role == "No role" else holding(role)
    return client.cookies.output(header="", attrs=[]).strip()


def ask(method, route, things, cookies):
    """What is answered, with nothing left behind."""
    body = things["bodies"].get(route, {}) if method == "POST" else {}
    client = Client(headers={"cookie": cookies} if cookies else {})
    with transaction.atomic():
        answer = getattr(client, method.lower())(fill(route, things), body)
        transaction.set_rollback(True)
    if answer.headers.get("Location") == "/admin/":
        assert route in TO_START, f"{route} leads to the start page: is its object there?"
    return told(answer)


def lacking(things, patterns=None):
    """(method, address) of what is routed and stands in no row, though a view takes it."""
    stated = {(method, row.route) for row in screens() for method in row.methods}
    cookies = session_of("Administrator")
    return [
        (method, route)
        for route, view in routes(patterns)
        if not is_endpoint(route, view)
        for method in METHODS
        if (method, route) not in stated and ask(method, route, things, cookies) != "405"
    ]


def test_the_matrix_lacks_no_address(things):
    if without_row := lacking(things):
        sessions = [session_of(role) for role in ROLES]
        rows = "\n".join(measured(method, route, things, sessions) for method, route in without_row)
        pytest.fail(f"docs/permissions.md lacks these. As it is now, for you to judge:\n{rows}", pytrace=False)


def test_an_address_that_is_new_is_missed(things):
    new = path("admin/orders/order/export/", to_start)

    assert lacking(things, [*get_resolver().url_patterns, new]) == [
        ("GET", "/admin/orders/order/export/"),
        ("POST", "/admin/orders/order/export/"),
    ]


def test_the_matrix_speaks_of_each_address_once_and_of_none_that_is_gone():
    stated = [(method, row.route) for row in screens() for method in row.methods]

    assert sorted(set(stated)) == sorted(stated)
    assert {route for _method, route in stated} <= {route for route, _view in routes()}


def measured(method, route, things, sessions):
    cells = tuple(ask(method, route, things, cookies) for cookies in sessions)
    return str(Row((method,), route, "?", cells))


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_answered_as_the_matrix_says(role, things):
    column, cookies = ROLES.index(role), session_of(role)

    unlike = [
        f"{method} {row.route}: {answer}, not {row.cells[column]}"
        for row in screens()
        for method in row.methods
        if (answer := ask(method, row.route, things, cookies)) != row.cells[column]
    ]

    assert unlike == []


def test_the_matrix_speaks_of_every_endpoint_once():
    stated = [(method, row.route) for row in endpoints() for method in row.methods]
    there = [
        (method, route)
        for route, view in routes()
        if is_endpoint(route, view)
        for method in API_METHODS
        if hasattr(view.cls, method.lower())
    ]

    assert sorted(stated) == sorted(there)


def test_a_key_may_what_its_scope_says_and_nothing_else(things, shop):
    session = session_of("Administrator")

    unlike = []
    for row in endpoints():
        scope = row.cells[0].strip("`")
        others = [other for other in Scope.values if other != scope]
        for method in row.methods:
            answers = [call(method, row.route, things, key_with(shop, *scopes)) for scopes in ([scope], others)]
            answers += [call(method, row.route, things, ""), call(method, row.route, things, "", cookie=session)]
            if answers != ["yes", "no", "key", "key"]:
                unlike.append(f"{method} {row.route} with {scope}: {answers}")
    assert unlike == []


def key_with(shop, *scopes):
    return Caller.of(shop.source, *scopes).secret


def call(method, route, things, secret, **headers):
    headers |= {"Authorization": f"Bearer {secret}"} if secret else {}
    with transaction.atomic():
        answer = Client().generic(method, fill(route, things), json.dumps({}), "application/json", headers=headers)
        transaction.set_rollback(True)
    # Of what is not there it is told only to whom it might be shown.
    return "yes" if answer.status_code == 404 else told(answer)


def test_no_list_has_actions_beside_those_of_the_matrix():
    request = RequestFactory().get("/admin/")
    request.user = User(is_superuser=True, is_active=True)

    actions = {str(model): list(screen.get_actions(request)) for model, screen in admin.site._registry.items()}

    assert {model: names for model, names in actions.items() if names} == {}
