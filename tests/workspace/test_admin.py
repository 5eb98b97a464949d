import re

import pytest

from tests.factories import SourceFactory
from tests.screens import HTMX, actions, cost, holding, page_of, signed_in
from workspace.models import ApiKey, Source, User, Workspace

pytestmark = pytest.mark.django_db

KEYS = page_of("workspace_apikey")
SETTINGS = {
    "organisation": "Us",
    "default_country": "GB",
    "timezone": "Europe/London",
    "currency": "EUR",
    "stop_words": "STOP, СТОП",
    "start_words": "START",
    "quiet_from": "21:00",
    "quiet_until": "09:00",
}


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


@pytest.fixture
def shop():
    return SourceFactory(code="shop", name="Shop")


def issue(client, shop, **changes):
    asked = {"name": "Production", "source": shop.pk, "scopes": ["orders:write"]}
    return client.post(page_of("workspace_apikey", "add"), asked | changes)


def test_a_key_is_shown_once_and_works(admin, shop):
    page = issue(admin, shop).content.decode()

    secret = re.search(r'value="(os_live_[^"]+)"', page)[1]
    key = ApiKey.objects.get()
    assert key.scopes == ["orders:write"]
    assert secret.startswith(key.prefix)
    assert secret not in admin.get(KEYS).content.decode()
    told = actions().get()
    assert (told.verb, told.who, told.object_label) == ("issued", admin.user.username, str(key))
    assert secret not in str(told.changes)


def test_a_key_that_may_nothing_is_not_issued(admin, shop):
    answer = issue(admin, shop, scopes=[])

    assert answer.context["form"].errors["scopes"]
    assert not ApiKey.objects.exists()


def test_a_key_is_never_edited(admin, shop):
    issue(admin, shop)

    answer = admin.post(page_of("workspace_apikey", "change", ApiKey.objects.get().pk), {"name": "Mine"})

    assert "Change orders and send status changes" in answer.content.decode()
    assert ApiKey.objects.get().name == "Production"


def test_a_revoked_key_may_nothing(admin, shop):
    issue(admin, shop)
    key = ApiKey.objects.get()

    answer = admin.post(page_of("workspace_apikey", "revoke", key.pk), headers=HTMX)

    key.refresh_from_db()
    assert answer.headers["HX-Redirect"] == KEYS
    assert not key.may("orders:write")


def test_who_may_not_issue_keys_cannot(shop):
    viewer = signed_in("workspace.view_apikey")

    assert issue(viewer, shop).status_code == 403
    assert "Issue a key" not in viewer.get(KEYS).content.decode()


def test_a_key_that_activates_campaigns_is_issued_by_who_may_do_so(admin, shop):
    integrator = holding("Integrator")

    refused = issue(integrator, shop, scopes=["campaigns:write"])
    issue(integrator, shop, scopes=["campaigns:read"])
    issue(admin, shop, scopes=["campaigns:write"])

    assert "Change, activate and end campaigns" not in refused.content.decode()
    assert refused.context["form"].errors["scopes"]
    assert [key.scopes for key in ApiKey.objects.order_by("pk")] == [["campaigns:read"], ["campaigns:write"]]


@pytest.mark.parametrize("model", ["workspace_source", "workspace_apikey", "workspace_user", "auth_group"])
def test_a_list_costs_the_same_for_few_and_many(admin, model):
    ApiKey.objects.issue(name="One", source=SourceFactory(), scopes=[])
    few = cost(admin, page_of(model))

    for source in SourceFactory.create_batch(8):
        ApiKey.objects.issue(name="More", source=source, scopes=[])
        User.objects.create_user(f"person-{source.pk}")

    assert cost(admin, page_of(model)) == few


def test_a_source_keeps_its_code(admin, shop):
    admin.post(
        page_of("workspace_source", "change", shop.pk),
        {"name": "Our shop", "code": "other", "mode": "history", "on_unknown": "park"},
    )

    shop.refresh_from_db()
    assert (shop.name, shop.code, shop.mode) == ("Our shop", "shop", "history")


def test_the_built_in_sources_are_as_they_are(admin):
    admin.post(page_of("workspace_source", "change", Source.ADMIN_ID), {"name": "x", "mode": "history"})

    assert Source.objects.get(pk=Source.ADMIN_ID).mode == "live"


def test_settings_take_zones_and_currencies_that_exist(admin):
    page = page_of("workspace_workspace", "change", 1)

    refused = admin.post(page, SETTINGS | {"timezone": "Europe/Nowhere"})
    admin.post(page, SETTINGS)

    assert "timezone" in refused.context["adminform"].form.errors
    assert Workspace.objects.get().timezone == "Europe/London"


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"stop_words": " , !\n"}, "stop_words", "Name at least one word."),
        ({"start_words": ""}, "start_words", "This field is required."),
        ({"stop_words": "STOP, Начать", "start_words": "START\nначать!"}, "start_words", "In both lists: НАЧАТЬ."),
        ({"stop_words": "ST\x00OP"}, "stop_words", "Null characters are not allowed."),
    ],
)
def test_settings_take_keywords_that_mean_one_thing(admin, typed, field, said):
    page = page_of("workspace_workspace", "change", 1)

    refused = admin.post(page, SETTINGS | typed)
    admin.post(page, SETTINGS)

    assert said in refused.context["adminform"].form.errors[field][0]
    assert (Workspace.objects.get().stop_words, Workspace.objects.get().start_words) == ("STOP, СТОП", "START")


def test_times_are_shown_in_the_installations_zone(admin):
    Workspace.objects.update(timezone="Asia/Tokyo")
    User.objects.update(last_login="2024-05-03T23:30:00Z")

    assert "4 May 2024, 08:30" in admin.get(page_of("workspace_user")).content.decode()


def test_orders_is_turned_on_from_the_banner_by_an_administrator(admin):
    statuses = page_of("statuses_orderstatus")

    assert "Orders is off." in admin.get(statuses).content.decode()
    admin.post("/admin/orders-switch/on/")

    assert Workspace.orders_are_on()
    assert "Orders is off." not in admin.get(statuses).content.decode()


def test_reports_of_what_was_say_nothing_of_orders_being_off(admin):
    assert "Orders is off." not in admin.get("/admin/analytics/reports/statuses/").content.decode()


def test_others_are_told_whom_to_ask():
    viewer = signed_in("statuses.view_orderstatus", "workspace.change_workspace")

    page = viewer.get(page_of("statuses_orderstatus")).content.decode()

    assert "An administrator can turn it on." in page
    assert "Turn Orders on" not in page
    assert viewer.post("/admin/orders-switch/on/").status_code == 403
    viewer.post(
        page_of("workspace_workspace", "change", 1),
        SETTINGS | {"orders_enabled": "on"},
    )
    assert Workspace.objects.get().organisation == "Us"
    assert not Workspace.orders_are_on()


def test_adding_a_source_says_that_it_begins_as_history():
    page = signed_in(is_superuser=True).get(page_of("workspace_source", "add")).content

    assert b"A new source begins as history" in page
