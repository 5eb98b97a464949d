import pytest
from django.contrib.auth.models import Group

from tests.screens import cost, holding, page_of, signed_in
from workspace.models import User

pytestmark = pytest.mark.django_db

ADD = page_of("workspace_user", "add")


@pytest.fixture
def admin():
    return holding("Administrator")


def role(name):
    return Group.objects.get(name=name).pk


def page(user):
    return page_of("workspace_user", "change", user.pk)


def person(name="grace", **flags):
    return User.objects.create_user(name, is_staff=True, **flags)


def test_a_person_is_added_with_their_roles_and_may_log_in(admin, client):
    typed = {"username": "grace", "password1": "Tulip-on-9-roofs", "password2": "Tulip-on-9-roofs"}

    admin.post(ADD, {**typed, "groups": [role("Analyst"), role("Operator")]})

    grace = User.objects.get(username="grace")
    assert [group.name for group in grace.groups.order_by("pk")] == ["Analyst", "Operator"]
    answer = client.post("/admin/login/", {"username": "grace", "password": "Tulip-on-9-roofs"})
    assert answer.status_code == 302
    assert "Drafts" not in client.get("/admin/").content.decode()
    assert client.get(page_of("customers_customer")).status_code == 200


def test_each_role_is_offered_with_a_line_of_what_it_may(admin):
    shown = admin.get(ADD).content.decode()

    assert "Makes segments; drafts campaigns and asks for their activation." in shown
    assert shown.index("Senior marketer") < shown.index("Integrator")


def test_ones_own_access_is_for_another_to_change(admin):
    shown = admin.get(page(admin.user)).content.decode()
    admin.post(page(admin.user), {"username": "ada", "groups": [], "is_superuser": ""})

    ada = User.objects.get(pk=admin.user.pk)
    assert "This is you. Another administrator can change your roles, or let you go." in shown
    assert 'name="is_active"' not in shown
    assert (ada.username, ada.is_active) == ("ada", True)
    assert [group.name for group in ada.groups.all()] == ["Administrator"]


def test_another_can_be_let_go_and_demoted(admin):
    grace = holding("Administrator").user

    admin.post(page(grace), {"username": "grace", "is_active": "on", "groups": [role("Marketer")]})
    assert [group.name for group in grace.groups.all()] == ["Marketer"]

    admin.post(page(grace), {"username": "grace", "groups": [role("Marketer")]})
    assert not User.objects.get(pk=grace.pk).is_active


def test_a_superuser_can_be_made_an_ordinary_person_but_nobody_is_made_one(admin):
    root, grace = person("root", is_superuser=True), person()

    admin.post(page(root), {"username": "root", "is_active": "on"})
    admin.post(page(grace), {"username": "grace", "is_active": "on", "is_superuser": "on"})

    assert not User.objects.filter(is_superuser=True).exists()


@pytest.mark.parametrize("asked", [{"groups": "Administrator"}, {"is_active": "on", "groups": "Analyst"}])
def test_the_last_administrator_is_kept_by_the_form(asked):
    # Somebody who was let go meanwhile, with a permission of their own left over.
    clerk, last = signed_in("workspace.change_user", "workspace.view_user"), holding("Administrator").user

    answer = clerk.post(page(last), {"username": "last", **asked, "groups": [role(asked["groups"])]})

    assert "Give another person the Administrator role first." in answer.content.decode()
    last.refresh_from_db()
    assert last.is_active
    assert [group.name for group in last.groups.all()] == ["Administrator"]


def test_a_password_cannot_be_taken_away(admin):
    grace = person()
    grace.set_password("Tulip-on-9-roofs")
    grace.save()

    address = f"/admin/workspace/user/{grace.pk}/password/"
    shown = admin.get(address).content.decode()
    admin.post(address, {"usable_password": "false", "unset-password": "1"})

    assert "usable_password" not in shown
    assert User.objects.get(pk=grace.pk).check_password("Tulip-on-9-roofs")


def test_the_list_says_what_each_may(admin):
    person("nobody"), person("gone", is_active=False), person("root", is_superuser=True)

    shown = admin.get(page_of("workspace_user")).content.decode()

    for said in ("Administrator", "Nothing: no role yet", "No longer here", "Everything"):
        assert said in shown


@pytest.mark.parametrize("model", ["workspace_user", "auth_group"])
def test_the_lists_cost_the_same_for_few_and_many(admin, model):
    few = cost(admin, page_of(model))

    for number in range(8):
        person(f"p{number}").groups.add(Group.objects.create(name=f"Own {number}"), role("Analyst"))

    assert cost(admin, page_of(model)) == few
