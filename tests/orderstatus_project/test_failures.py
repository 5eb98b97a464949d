"""What cannot be answered is told to people as a page, in their language."""

import pytest
from django.db import DatabaseError
from django.test import Client

from statuses.admin import StatusScreen
from tests.factories import StatusFactory
from tests.screens import signed_in
from workspace.models import User

pytestmark = pytest.mark.django_db

LIST = "/admin/statuses/orderstatus/"


def speaking(language, **who):
    client = signed_in(**who)
    User.objects.filter(pk=client.user.pk).update(language=language)
    return client


def test_a_page_that_is_not_ones_own_says_whom_to_ask():
    answer = speaking("ru").get(LIST)

    assert answer.status_code == 403
    assert "Сюда у вас нет доступа" in answer.content.decode()
    assert "обратитесь к администратору" in answer.content.decode()


def test_an_address_that_is_none_leads_back():
    answer = speaking("en").get("/admin/nowhere/")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert 'href="/admin/"' in answer.content.decode()


def test_a_form_that_is_too_old_is_told_of_and_changes_nothing():
    user = speaking("ru", is_superuser=True).user
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)

    answer = strict.post(f"{LIST}{StatusFactory().pk}/retire/", {"taken": "no"})

    assert answer.status_code == 403
    assert "Страница устарела" in answer.content.decode()


def test_a_fault_of_ours_tells_its_number(monkeypatch):
    def fail(*_args, **_kwargs):
        raise DatabaseError("gone")

    admin = speaking("ru", is_superuser=True)
    admin.raise_request_exception = False
    monkeypatch.setattr(StatusScreen, "get_queryset", fail)

    answer = admin.get(LIST)

    assert answer.status_code == 500
    assert "Произошла ошибка" in answer.content.decode()
    assert answer.headers["X-Request-ID"] in answer.content.decode()


def test_what_is_gone_is_told_of_on_the_start_page():
    answer = speaking("ru", is_superuser=True).get(f"/admin/workspace/user/{10**6}/change/", follow=True)

    assert answer.redirect_chain == [("/admin/", 302)]
    assert "под номером 1000000 ничего нет" in answer.content.decode()
