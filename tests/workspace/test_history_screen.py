import csv
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.test import Client

from tests.factories import CustomerFactory, SourceFactory, StatusFactory
from tests.screens import actions, cost, done, page_of, signed_in
from workspace import exports, history
from workspace.models import Action, ApiKey, Source, User, Verb, Workspace

pytestmark = pytest.mark.django_db

LIST = page_of("workspace_action")
EXPORT = page_of("workspace_action", "export")


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def reader():
    return signed_in("workspace.view_action")


def act(verb=Verb.CHANGED, obj=None, **known):
    who = history.Who(**{"name": "ann", "user_id": 1} | known)
    return history.record(who, verb, obj)


def shown(client, **filters):
    """The verbs of the rows that the list shows."""
    rows = client.get(LIST, filters).context["cl"].result_list
    return [action.verb for action in rows if action.verb != "signed_in"]


def exported(client, **filters):
    answer = b"".join(client.get(EXPORT, filters).streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(answer)))


def test_a_change_tells_who_did_it_from_where_and_what_it_was_before(admin):
    shop = SourceFactory(code="shop", name="Shop", mode="history")

    admin.post(
        page_of("workspace_source", "change", shop.pk),
        {"name": "Our shop", "mode": "live", "on_unknown": "park"},
        REMOTE_ADDR="192.0.2.7",
        headers={"X-Request-ID": "r-1"},
    )

    told = actions().get()
    assert (told.verb, told.who, told.user_id) == ("changed", admin.user.username, admin.user.pk)
    assert (told.address, told.request_id) == ("192.0.2.7", "r-1")
    assert (told.object_type, told.object_id, told.object_label) == ("workspace.source", str(shop.pk), "shop")
    assert told.changes == {"name": ["Shop", "Our shop"], "mode": ["history", "live"]}


def test_the_list_says_it_in_words(admin, reader):
    shop = SourceFactory(code="shop", name="Shop", mode="history")
    admin.post(page_of("workspace_source", "change", shop.pk), {"name": "Shop", "mode": "live", "on_unknown": "park"})

    page = reader.get(LIST).content.decode()

    assert "Mode: History: starts no campaign → Live: starts campaigns" in page
    assert page_of("workspace_source", "change", shop.pk) in page


def test_saving_what_was_there_is_no_action(admin):
    shop = SourceFactory(code="shop", name="Shop", mode="history")

    admin.post(
        page_of("workspace_source", "change", shop.pk), {"name": "Shop", "mode": "history", "on_unknown": "park"}
    )

    assert done() == []


def test_of_a_customer_only_the_fields_are_told_and_the_consent_as_a_word(admin):
    ada = CustomerFactory(external_id="ada@example.com", sms_consent="unknown")

    admin.post(
        page_of("customers_customer", "change", ada.pk),
        {"first_name": "Grace", "email": "grace@example.com", "phone_written": "+1 602 555 0123"}
        | {"sms_consent": "given", "refused_categories": "", "initial-sms_consent": "unknown"}
        | {"initial-first_name": "Ada", "initial-phone_written": "+1 602 555 0100"},
    )

    (told,) = actions().values()
    assert told["changes"] == {
        "sms_consent": ["unknown", "given"],
        "first_name": None,
        "email": None,
        "phone_written": None,
    }
    assert not any(word in str(told) for word in ("Ada", "Grace", "example.com", "602 555"))


def test_a_persons_roles_are_told_and_their_password_is_not(admin):
    role = admin.post(page_of("auth_group", "add"), {"name": "Support"}) and history.Group.objects.get(name="Support")
    ann = User.objects.create_user("ann", password="before-it-was-this")
    admin.post(page_of("workspace_user", "change", ann.pk), {"username": "ann", "is_staff": "on", "groups": [role.pk]})
    admin.post(
        page_of("auth_user", "password_change", ann.pk),
        {"password1": "and-now-it-is-that", "password2": "and-now-it-is-that"},
    )

    assert done() == [
        ("created", {"name": [None, "Support"]}),
        ("changed", {"is_active": [True, False], "is_staff": [False, True], "groups": [[], ["Support"]]}),
        ("changed", {"password": None}),
    ]


def test_a_deleted_status_is_told_as_it_was(admin):
    status = StatusFactory(type="payment", code="paid", name="Paid")

    admin.post(page_of("statuses_orderstatus", "delete", status.pk), {"post": "yes"})

    told = actions().get()
    assert (told.verb, told.object_label) == ("deleted", str(status))
    assert told.changes["code"] == ["paid", None]


def test_an_objects_own_history_is_a_part_of_it(admin):
    one, other = SourceFactory(), SourceFactory()
    act(Verb.CREATED, one)
    act(Verb.CHANGED, other)

    page = admin.get(page_of("workspace_source", "change", one.pk)).content.decode()
    led = admin.get(page_of("workspace_source", "history", one.pk))

    address = f"{LIST}?object_type=workspace.source&amp;object_id={one.pk}"
    assert address in page
    assert led.headers["Location"] == address.replace("&amp;", "&")
    assert shown(admin, object_type="workspace.source", object_id=one.pk) == ["created"]


def test_the_way_there_is_shown_to_those_who_may_read_it():
    key = ApiKey.objects.issue(name="Shop", source=SourceFactory(), scopes=[])[0]
    page = page_of("workspace_apikey", "change", key.pk)

    assert "workspace/action/" not in signed_in("workspace.view_apikey").get(page).content.decode()
    assert "workspace/action/?object_type=workspace.apikey" in (
        signed_in("workspace.view_apikey", "workspace.view_action").get(page).content.decode()
    )


@pytest.mark.parametrize("address", [LIST, EXPORT])
def test_who_may_not_read_it_cannot(address):
    assert signed_in("workspace.view_workspace").get(address).status_code == 403


@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_nobody_changes_it(admin, verb):
    told = act()

    admin.post(page_of("workspace_action", verb, *([] if verb == "add" else [told.pk])), {"who": "x", "post": "yes"})

    assert list(actions().values_list("who", flat=True)) == ["ann"]


def test_it_is_filtered_by_who_what_and_on_what(reader):
    act(Verb.CREATED)
    act(Verb.REVOKED, name="shop", user_id=None, key_id=7)
    act(Verb.PAUSED, Workspace.current(), name="manage.py", user_id=None)

    assert shown(reader, who="people") == ["created"]
    assert shown(reader, who="keys") == ["revoked"]
    assert shown(reader, who="key-7") == ["revoked"]
    assert shown(reader, who="commands") == ["paused"]
    assert shown(reader, who="user-99") == []
    assert shown(reader, who="user-x") == []
    assert shown(reader, verb="created") == ["created"]
    assert shown(reader, object_type="workspace.workspace") == ["paused"]
    assert shown(reader, q="sho") == ["revoked"]


def test_days_are_those_of_the_installation(reader):
    Workspace.objects.update(timezone="Asia/Tokyo")
    Action(verb="created", at=datetime(2026, 5, 3, 14, 59, tzinfo=UTC)).save()
    Action(verb="changed", at=datetime(2026, 5, 3, 15, 0, tzinfo=UTC)).save()

    assert shown(reader, until="2026-05-03") == ["created"]
    assert shown(reader, **{"from": "2026-05-04", "until": "2026-05-04"}) == ["changed"]
    assert shown(reader, **{"from": "no day", "until": "9999-12-31"}) == ["changed", "created"]


def test_what_is_filtered_is_exported_and_that_it_was_is_written_down(reader):
    act(Verb.CREATED, SourceFactory(code="shop"))
    act(Verb.REVOKED)

    (row,) = exported(reader, verb="created")

    assert (row["who"], row["action"], row["object_type"], row["object"]) == (
        "ann",
        "created",
        "workspace.source",
        "shop",
    )
    assert actions().last().verb == "exported"


def test_a_cell_of_the_file_is_never_a_formula(reader):
    act(Verb.CREATED, name='=HYPERLINK("https://example.com")')

    (row,) = exported(reader, verb="created")

    assert row["who"] == '\'=HYPERLINK("https://example.com")'


def test_a_file_that_is_cut_says_so(reader, monkeypatch):
    monkeypatch.setattr(exports, "MOST_ROWS", 3)
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    for _each in range(4):
        act(Verb.CREATED)

    rows = exported(reader, verb="created")

    assert [row["action"] for row in rows] == ["created", "created", "created", None]
    assert rows[3]["at (UTC)"].startswith("The newest 3 only.")


def test_a_list_costs_the_same_for_few_and_many(reader):
    shop = SourceFactory()
    act(Verb.CREATED, shop)
    few = cost(reader, LIST)

    for source in SourceFactory.create_batch(9):
        act(Verb.CREATED, source)

    assert cost(reader, LIST) == few


def test_turning_orders_on_is_told(admin):
    admin.post("/admin/orders-switch/on/")

    assert done() == [("changed", {"orders_enabled": [False, True]})]


def test_a_proxy_is_believed_about_the_address_it_was_called_from_and_nothing_before(settings):
    shop = SourceFactory(mode="history")
    client = Client(REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.7"})
    client.force_login(User.objects.create_superuser("root"))
    changes = {"name": "One", "mode": "live", "on_unknown": "park"}

    client.post(page_of("workspace_source", "change", shop.pk), changes)
    settings.BEHIND_PROXY = True
    client.post(page_of("workspace_source", "change", shop.pk), changes | {"name": "Two"})

    assert list(actions().values_list("address", flat=True)) == ["10.0.0.1", "192.0.2.7"]


def test_the_page_of_one_action_lists_all_of_its_changes(reader):
    shop = Source(pk=12, code="shop")
    told = history.record(history.Who("ann"), Verb.CHANGED, shop, changes={f"field_{n}": [n, n + 1] for n in range(9)})

    page = reader.get(page_of("workspace_action", "change", told.pk)).content.decode()

    assert "and 5 more" in reader.get(LIST).content.decode()
    assert "Field 8: 8 → 9" in page
