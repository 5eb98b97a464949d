import pytest
from django.db import OperationalError, connection
from django.test import Client


def test_the_process_is_up_even_without_a_database():
    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "up"})


@pytest.mark.django_db
def test_without_redis_it_is_ready_but_degraded(settings):
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock"}}

    answer = Client().get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "database": "ok", "migrations": "ok", "redis": "away"}


@pytest.mark.django_db
def test_without_a_database_it_is_not_ready():
    def refuse(*_arguments):
        raise OperationalError

    with connection.execute_wrapper(refuse):
        answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["database"] == "away"


@pytest.mark.django_db
def test_with_a_migration_pending_it_is_not_ready():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'orders'")

    answer = Client().get("/readyz")

    assert (answer.status_code, answer.json()["migrations"]) == (503, "pending")
