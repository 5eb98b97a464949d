from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.test import Client

from tests.screens import actions, page_of, signed_in
from workspace import sign_ins
from workspace.models import Action, User

pytestmark = pytest.mark.django_db

LOGIN, INDEX = "/admin/login/", "/admin/"
NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)
RIGHT = "a-password-of-some-length"


@pytest.fixture
def ann():
    return User.objects.create_user("ann", password=RIGHT, is_staff=True)


def sign_in(username="ann", password=RIGHT, client=None, **origin):
    return (client or Client(**origin)).post(LOGIN, {"username": username, "password": password})


def told():
    return list(Action.objects.order_by("pk").values_list("verb", "who", "object_label"))


def is_in(client):
    return client.get(page_of("workspace_user", "sign_me_out")).status_code == 200


def test_signing_in_and_out_is_told(ann):
    client = Client(REMOTE_ADDR="192.0.2.7")

    sign_in(client=client)
    client.post("/admin/logout/")

    assert told() == [("signed_in", "ann", "ann"), ("signed_out", "ann", "ann")]
    assert set(Action.objects.values_list("address", flat=True)) == {"192.0.2.7"}


def test_a_failure_tells_whose_name_it_was_and_nobody_elses(ann):
    sign_in(password="wrong")
    sign_in(username="my-own-password-typed-into-the-wrong-field", password="x")

    assert told() == [("sign_in_failed", "", "ann"), ("sign_in_failed", "", "")]
    assert "my-own-password" not in str(list(Action.objects.values()))


def test_who_fails_five_times_is_locked_out_for_a_quarter_of_an_hour(ann):
    with time_machine.travel(NOON, tick=False) as clock:
        for _each in range(5):
            answer = sign_in(password="wrong")
        right = sign_in()
        clock.shift(timedelta(minutes=16))
        later = sign_in()

    assert (answer.status_code, right.status_code, later.status_code) == (429, 429, 302)
    assert "Wait 15 minutes, then try again." in right.content.decode()
    assert right.headers["Retry-After"] == "900"
    assert [verb for verb, _who, _on in told()] == [*["sign_in_failed"] * 4, "locked_out", "signed_in"]


def test_trying_on_while_locked_out_makes_it_no_longer(ann):
    with time_machine.travel(NOON, tick=False) as clock:
        for _each in range(5):
            sign_in(password="wrong")
        clock.shift(timedelta(minutes=10))
        sign_in(password="wrong")
        clock.shift(timedelta(minutes=6))

        assert sign_in().status_code == 302


def test_nobody_locks_out_somebody_elsewhere(ann):
    for _each in range(6):
        sign_in(password="wrong", REMOTE_ADDR="203.0.113.9")

    assert sign_in(REMOTE_ADDR="192.0.2.7").status_code == 302


def test_a_flood_of_attempts_is_no_flood_in_the_history(monkeypatch):
    monkeypatch.setattr(sign_ins, "MOST_TOLD_A_MINUTE", 3)

    with time_machine.travel(NOON, tick=False):
        for number in range(6):
            sign_in(username=f"guess-{number}", password="x")

    assert len(told()) == 3


def test_nobody_signs_in_without_a_request(ann):
    with pytest.raises(Exception, match="request"):
        authenticate(username="ann", password=RIGHT)


@pytest.mark.parametrize("short", ["elevenchars", "123456789012", "password1234567"[:11]])
def test_a_password_has_twelve_characters_and_is_no_number(ann, short):
    admin = signed_in(is_superuser=True)

    admin.post(page_of("auth_user", "password_change", ann.pk), {"password1": short, "password2": short})

    ann.refresh_from_db()
    assert ann.check_password(RIGHT)


# Sessions


def test_who_does_nothing_for_twelve_hours_is_signed_out():
    with time_machine.travel(NOON, tick=False) as clock:
        client = signed_in()
        clock.shift(timedelta(hours=11))
        assert is_in(client)
        clock.shift(timedelta(hours=11))
        assert is_in(client)
        clock.shift(timedelta(hours=12))

        assert not is_in(client)


def test_after_seven_days_one_signs_in_again_whatever_was_done():
    with time_machine.travel(NOON, tick=False) as clock:
        client = signed_in()
        for _each in range(16):
            clock.shift(timedelta(hours=10))
            assert is_in(client)
        clock.shift(timedelta(hours=8))

        assert not is_in(client)


def test_a_page_that_asks_by_itself_is_no_sign_of_life():
    with time_machine.travel(NOON, tick=False) as clock:
        client = signed_in("workspace.view_workspace")
        for _each in range(6):
            clock.shift(timedelta(hours=2))
            client.get("/admin/system/now/")

        assert client.get("/admin/system/now/").status_code == 302


def test_a_page_writes_to_the_session_once_in_a_while_only(django_assert_num_queries):
    with time_machine.travel(NOON, tick=False) as clock:
        client = signed_in()
        clock.shift(timedelta(seconds=299))
        before = client.session["seen_at"]
        client.get(INDEX)
        assert client.session["seen_at"] == before
        clock.shift(timedelta(seconds=1))
        client.get(INDEX)

        assert client.session["seen_at"] == before + 300


def test_one_signs_oneself_out_everywhere(ann):
    here, there = Client(), Client()
    here.force_login(ann)
    there.force_login(ann)

    here.post(page_of("workspace_user", "sign_me_out"))

    assert not is_in(here)
    assert not is_in(there)
    assert actions().get().verb == "signed_out_everywhere"
    assert sign_in().status_code == 302


def test_an_administrator_signs_somebody_out_everywhere(ann):
    admin, client = signed_in(is_superuser=True), Client()
    client.force_login(ann)

    admin.post(page_of("workspace_user", "sign_out", ann.pk))

    assert is_in(admin)
    assert not is_in(client)
    assert (actions().get().who, actions().get().object_label) == (admin.user.username, "ann")


def test_who_may_not_change_people_signs_nobody_out(ann):
    root = User.objects.create_superuser("root")

    assert signed_in("workspace.view_user").post(page_of("workspace_user", "sign_out", ann.pk)).status_code == 403
    assert signed_in("workspace.change_user").post(page_of("workspace_user", "sign_out", root.pk)).status_code == 403


def test_asking_first_signs_nobody_out(ann):
    client = Client()
    client.force_login(ann)

    assert "Sign out everywhere?" in client.get(page_of("workspace_user", "sign_me_out")).content.decode()
    assert is_in(client)


def test_a_new_password_ends_all_other_sessions_and_is_told(ann):
    here, there = Client(), Client()
    here.force_login(ann)
    there.force_login(ann)
    new = "another-password-of-some-length"

    here.post("/admin/password_change/", {"old_password": RIGHT, "new_password1": new, "new_password2": new})

    assert is_in(here)
    assert not is_in(there)
    (changed,) = actions().values_list("verb", "who", "changes")
    assert changed == ("changed", "ann", {"password": None})
