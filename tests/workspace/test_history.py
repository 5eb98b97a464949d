from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from tests.factories import StatusFactory
from workspace import history
from workspace.append_only import AppendOnly
from workspace.models import Action, Heartbeat, Verb

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
