import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tests.factories import SourceFactory
from workspace.models import ApiKey, Source, Workspace, digest, make_builtin_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued(db):
    return ApiKey.objects.issue(name="Shop", source=SourceFactory(), scopes=["orders:write", "orders:read"])


def test_a_new_installation_has_its_settings_and_orders_is_off():
    assert Workspace.objects.get().pk == 1
    assert not Workspace.orders_are_on()


def test_the_settings_are_one_row_at_most():
    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.create(pk=2)


def test_the_settings_come_back_if_they_are_lost():
    Workspace.objects.all().delete()

    assert not Workspace.orders_are_on()
    assert Workspace.current().pk == 1


def test_orders_can_be_turned_on():
    Workspace.objects.update(orders_enabled=True)

    assert Workspace.orders_are_on()


@pytest.mark.parametrize("code", ["ZZ", "us", "UK", "EU", "U1"])
def test_what_is_no_country_with_phones_is_refused(code):
    with pytest.raises(ValidationError) as refusal:
        Workspace(pk=1, default_country=code).clean_fields()

    assert refusal.value.message_dict == {
        "default_country": [f"“{code}” is no country. Give its two capital letters, such as US."]
    }


@pytest.mark.parametrize("code", ["US", "GB", "AU"])
def test_a_country_is_known_by_its_two_letters(code):
    Workspace(pk=1, default_country=code).clean_fields()


@pytest.mark.parametrize("name", ["Mars/Olympus", "europe/london", "+02:00", "../etc/passwd"])
def test_what_is_no_time_zone_is_refused(name):
    with pytest.raises(ValidationError) as refusal:
        Workspace(pk=1, timezone=name).clean_fields()

    assert refusal.value.message_dict == {"timezone": [f"“{name}” is no time zone. Write one such as Europe/London."]}


@pytest.mark.parametrize("name", ["UTC", "Europe/London", "America/Argentina/Buenos_Aires"])
def test_a_time_zone_is_known_by_its_iana_name(name):
    Workspace(pk=1, timezone=name).clean_fields()


def test_the_admin_and_the_file_load_are_sources_from_the_start():
    assert list(Source.objects.order_by("pk").values_list("pk", "code", "mode", "on_unknown")) == [
        (Source.ADMIN_ID, "admin", "live", "reject"),
        (Source.LOAD_ID, "load", "history", "reject"),
    ]
    assert all(source.is_builtin for source in Source.objects.all())


def test_making_the_builtin_rows_again_keeps_what_was_set():
    Source.objects.filter(pk=Source.LOAD_ID).update(name="Import")

    make_builtin_rows()

    assert Source.objects.get(pk=Source.LOAD_ID).name == "Import"


def test_the_first_source_of_ones_own_draws_a_free_key():
    source = SourceFactory()

    assert source.pk > Source.LOAD_ID
    assert not source.is_builtin


def test_a_new_source_starts_no_campaign_and_waits_for_what_is_unknown():
    source = Source(code="erp", name="ERP")

    assert not source.fires
    assert source.on_unknown == "usual"


def test_a_key_is_shown_once_and_kept_as_a_hash(issued):
    key, secret = issued

    assert secret.startswith("os_live_")
    assert secret.startswith(key.prefix)
    assert secret not in str(ApiKey.objects.values().get())
    assert ApiKey.objects.get(digest=digest(secret)) == key


def test_no_two_keys_are_the_same(issued):
    _key, again = ApiKey.objects.issue(name="Shop", source=issued[0].source, scopes=[])

    assert again != issued[1]


def test_a_test_key_says_so():
    key, secret = ApiKey.objects.issue(name="Try", source=SourceFactory(), scopes=[], is_test=True)

    assert secret.startswith("os_test_")
    assert key.is_test


def test_a_key_may_do_what_it_was_given_and_no_more(issued):
    key, _secret = issued

    assert key.may("orders:read")
    assert not key.may("customers:read")


def test_a_revoked_key_may_nothing(issued):
    key, _secret = issued

    key.revoke()

    assert not key.may("orders:read")
    assert not ApiKey.objects.usable().exists()


def test_keys_of_a_source_can_change_while_it_stays(issued):
    key, _secret = issued

    key.delete()

    assert Source.objects.filter(pk=key.source_id).exists()
