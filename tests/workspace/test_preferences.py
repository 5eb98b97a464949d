"""Each person's language and time zone, and that nobody else's are theirs."""

import pytest
import time_machine
from django.test import Client
from django.utils import timezone, translation

from tests.factories import CustomerFactory, OrderFactory
from tests.screens import actions, page_of, signed_in
from workspace.models import ApiKey, Source, User, Workspace

pytestmark = pytest.mark.django_db

PREFERENCES = "/admin/preferences/"


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel("2026-05-03T12:00:00Z", tick=False):
        yield


def reading(language="", zone="", **rights):
    client = signed_in(**rights)
    User.objects.filter(pk=client.user.pk).update(language=language, timezone=zone)
    return client


def html(client, address="/admin/", **headers):
    return client.get(address, headers=headers).content.decode()


def test_everyone_chooses_their_own_language_and_zone_also_without_a_role():
    ann, bob = signed_in(), signed_in()

    answer = ann.post(PREFERENCES, {"language": "ru", "timezone": "Asia/Tokyo"}, follow=True)

    assert "Сохранено." in answer.content.decode()
    assert User.objects.values_list("language", "timezone").get(pk=ann.user.pk) == ("ru", "Asia/Tokyo")
    assert '<html lang="ru"' in html(ann)
    assert "Asia/Tokyo, UTC+09:00" in html(ann)
    assert '<html lang="en"' in html(bob)
    assert "Asia/Tokyo" not in html(bob)


def test_who_reads_after_a_russian_reads_english():
    html(reading("ru", "Asia/Tokyo"))

    assert (translation.get_language(), timezone.get_current_timezone_name()) == ("en", "UTC")
    assert '<html lang="en"' in html(signed_in())


def test_only_languages_and_zones_that_there_are_can_be_chosen():
    ann = signed_in()

    answer = ann.post(PREFERENCES, {"language": "xx", "timezone": "Moon/Sea"})

    assert sorted(answer.context["form"].errors) == ["language", "timezone"]
    assert User.objects.values_list("language", "timezone").get(pk=ann.user.pk) == ("", "")


def test_a_choice_that_is_gone_is_as_if_none_had_been_made():
    Workspace.objects.update_or_create(pk=1, defaults={"timezone": "Europe/Berlin"})

    shown = html(reading("tlh", "Moon/Sea"), **{"Accept-Language": "ru"})

    assert '<html lang="ru"' in shown
    assert "UTC" in shown


def test_until_one_has_chosen_the_browser_says_the_language_and_the_installation_the_zone():
    Workspace.objects.update_or_create(pk=1, defaults={"timezone": "Europe/Berlin"})

    shown = html(signed_in(), **{"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.8"})

    assert '<html lang="ru"' in shown
    assert "Europe/Berlin, UTC+02:00" in shown


def test_the_login_is_in_the_language_of_the_browser():
    assert '<html lang="ru"' in html(Client(), "/admin/login/", **{"Accept-Language": "ru"})
    assert '<html lang="en"' in html(Client(), "/admin/login/", **{"Accept-Language": "fr"})


def test_the_choice_stands_in_the_history_of_actions():
    ann = signed_in()

    ann.post(PREFERENCES, {"language": "ru", "timezone": ""})

    assert actions().get().changes == {"language": ["", "ru"]}


def test_the_api_speaks_english_and_utc_whatever_is_asked_for():
    _key, secret = ApiKey.objects.issue(name="Shop", source=Source.objects.get(pk=2), scopes=["customers:read"])
    CustomerFactory(external_id="c-1")
    headers = {"Authorization": f"Bearer {secret}", "Accept-Language": "ru"}

    there = Client().get("/api/v1/customers/c-1/", headers=headers)
    missing = Client().get("/api/v1/customers/c-2/", headers=headers)

    assert there.headers["Content-Language"] == "en"
    assert there.json()["created_at"] == "2026-05-03T12:00:00Z"
    assert missing.json()["detail"] == "There is no customer “c-2”."


@pytest.mark.parametrize(
    ("language", "zone", "shown", "exact"),
    [
        ("en", "UTC", "3 May, 12:00", "3 May 2026, 12:00:00, UTC"),
        ("en", "Asia/Tokyo", "3 May, 21:00", "3 May 2026, 21:00:00, Asia/Tokyo, UTC+09:00"),
        ("ru", "Europe/Moscow", "3 мая, 15:00", "3 мая 2026, 15:00:00, Europe/Moscow, UTC+03:00"),
    ],
)
def test_times_are_told_in_ones_zone_and_language_and_the_zone_is_named(language, zone, shown, exact):
    CustomerFactory(external_id="c-1")

    page = html(reading(language, zone, is_superuser=True), page_of("customers_customer"))

    assert f'title="{exact}">{shown}</time>' in page


@pytest.mark.parametrize(("language", "total"), [("en", "€1,234.50"), ("ru", "1\xa0234,50\xa0€")])
def test_money_is_told_the_way_of_ones_language(language, total):
    Workspace.objects.update_or_create(pk=1, defaults={"orders_enabled": True})
    OrderFactory(total_minor=123450, currency="EUR")

    assert total in html(reading(language, is_superuser=True), page_of("orders_order"))


def test_an_exported_history_is_in_ones_language_and_names_the_zone():
    ann = reading("ru", "Europe/Moscow", is_superuser=True)
    ann.post(PREFERENCES, {"language": "ru", "timezone": "Asia/Tokyo"})

    lines = b"".join(ann.get("/admin/workspace/action/export/").streaming_content).decode().splitlines()

    assert lines[0].startswith("\ufeffat (Asia/Tokyo),who,")
    assert "2026-05-03T21:00:00+09:00" in lines[1]
    assert "Часовой пояс: Europe/Moscow → Asia/Tokyo" in "\n".join(lines)
