from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone, translation

from tests.factories import StatusFactory
from workspace import history
from workspace.append_only import AppendOnly
from workspace.models import Action, Heartbeat, Verb, Workspace

pytestmark = pytest.mark.django_db

ANN = history.Who("ann", user_id=1)


def test_an_action_is_one_statement(django_assert_num_queries):
    status = StatusFactory()

    with django_assert_num_queries(1):
        history.record(ANN, Verb.CHANGED, status)


def test_an_action_is_never_changed_or_removed():
    told = history.record(ANN, Verb.CREATED)

    for undo in (told.save, told.delete, Action.objects.all().delete, lambda: Action.objects.update(who="bob")):
        with pytest.raises(AppendOnly):
            undo()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such trigger")
@pytest.mark.parametrize("statement", ["UPDATE workspace_action SET who = 'bob'", "DELETE FROM workspace_action"])
def test_postgresql_refuses_what_the_code_refuses(statement):
    history.record(ANN, Verb.CREATED)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_field_that_nobody_declared_is_told_by_name_only():
    beat = Heartbeat.objects.create(name="sweeps", at=datetime(2026, 5, 3, 10, tzinfo=UTC))

    history.remember(beat)
    Heartbeat.objects.update(name="a secret")
    told = history.record_changed(ANN, beat)

    assert (told.object_label, told.changes) == ("", {"name": None})


def test_what_cannot_be_stored_is_marked_and_what_is_too_long_is_cut():
    told = history.record(history.Who("a\x00b" + "x" * 300), Verb.CREATED)

    assert told.who == "a\ufffdb" + "x" * 197


def test_times_are_told_in_the_readers_zone_and_language():
    with translation.override("ru"), timezone.override("Europe/Moscow"):
        told = history.value_name("statuses.orderstatus", "retired_at", "2026-05-03T11:05:00.123456+00:00")

    assert told == "3 мая 2026, 14:05"


def test_names_and_values_are_told_in_the_readers_language_and_objects_are_kept_in_the_installations():
    with translation.override("ru"):
        label = history.label_of(Workspace.current())
        names = [
            history.field_name("campaigns.campaign", "draft.steps"),
            history.field_name("campaigns.smsgateway", "settings.timeout_s"),
            history.field_name("workspace.workspace", "timezone"),
            history.in_words("created"),
            history.value_name("workspace.workspace", "orders_enabled", True),
        ]

    assert label == "This installation"
    assert names == ["Шаги", "Сколько секунд ждать ответа", "Часовой пояс", "Создано", "Да"]
