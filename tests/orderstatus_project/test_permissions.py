"""The matrix of docs/permissions.md, each cell of it asked for with a real request.

An address, method or endpoint that the matrix lacks fails here, with the row to judge and write.
"""

import json

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import get_resolver, path

from orderstatus_project.urls import to_start
from tests.callers import Caller
from tests.matrix import ROLES, Row, endpoints, fill, is_endpoint, routes, screens, told
from tests.screens import holding, signed_in
from workspace.models import Scope, User

METHODS = ("GET", "POST")
API_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Through what others see: a redirection would hide that an object is not there.
TO_START = {"/", "/admin/login/", "/admin/logout/", "/admin/orders-switch/on/"}


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
    new = path("admin/orders/order/print/", to_start)

    assert lacking(things, [*get_resolver().url_patterns, new]) == [
        ("GET", "/admin/orders/order/print/"),
        ("POST", "/admin/orders/order/print/"),
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
