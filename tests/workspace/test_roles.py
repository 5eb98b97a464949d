import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from tests.screens import holding, page_of, signed_in
from workspace.models import User
from workspace.roles import ROLES, keep_in_step

pytestmark = pytest.mark.django_db

ROLE_PAGE = page_of("auth_group", "add")


def role(name):
    return Group.objects.get(name=name)


def permissions_of(name):
    return {f"{p.content_type.app_label}.{p.codename}" for p in role(name).permissions.select_related("content_type")}


def test_migration_makes_the_roles():
    assert list(Group.objects.order_by("pk").values_list("name", flat=True)) == [
        "Administrator",
        "Senior marketer",
        "Marketer",
        "Analyst",
        "Operator",
        "Integrator",
    ]


def test_an_administrator_may_everything_without_being_a_superuser():
    admin = holding("Administrator").user

    assert not admin.is_superuser
    assert role("Administrator").permissions.count() == Permission.objects.count()
    assert admin.has_perms(("campaigns.activate_campaign", "workspace.switch_orders", "workspace.change_user"))


def test_a_marketer_differs_from_a_senior_one_in_what_reaches_customers():
    assert permissions_of("Senior marketer") - permissions_of("Marketer") == {
        "campaigns.activate_campaign",
        "campaigns.settle_message",
    }


def test_an_analyst_reads_and_sees_no_personal_data():
    may = permissions_of("Analyst")

    assert {permission for permission in may if ".view_" not in permission} == {"analytics.read_reports"}
    assert "customers.view_personal_data" not in may
    assert permissions_of("Marketer") >= may


def test_an_operator_has_nothing_of_campaigns():
    assert not [permission for permission in permissions_of("Operator") if permission.startswith("campaigns.")]


def test_only_an_administrator_changes_statuses():
    for name in ("Senior marketer", "Marketer", "Analyst", "Operator", "Integrator"):
        of_statuses = {p for p in permissions_of(name) if p.endswith("_orderstatus")}
        assert of_statuses == {"statuses.view_orderstatus"}, name


def test_every_permission_that_the_table_names_is_there():
    there = {f"{p.content_type.app_label}.{p.codename}" for p in Permission.objects.select_related("content_type")}

    assert set().union(*(role.may for role in ROLES)) - there == set()


def test_a_role_is_brought_back_in_step_after_each_migrate():
    marketer = role("Marketer")
    marketer.permissions.add(Permission.objects.get(codename="activate_campaign"))
    marketer.permissions.remove(Permission.objects.get(codename="change_campaign"))

    keep_in_step(apps.get_app_config("campaigns"))

    assert "campaigns.change_campaign" in permissions_of("Marketer")
    assert "campaigns.activate_campaign" not in permissions_of("Marketer")


def test_a_permission_that_comes_later_reaches_the_administrator():
    about = Permission.objects.get(codename="change_campaign").content_type
    Permission.objects.create(content_type=about, codename="print_campaign", name="Can print campaigns")

    keep_in_step(apps.get_app_config("campaigns"))

    assert "campaigns.print_campaign" in permissions_of("Administrator")
    assert "campaigns.print_campaign" not in permissions_of("Senior marketer")


def test_in_step_it_writes_nothing(django_assert_num_queries):
    # Each of the six looked for, the permissions of the app, and what the roles hold.
    with django_assert_num_queries(8):
        keep_in_step(apps.get_app_config("campaigns"))


def test_a_role_of_ours_is_read_in_words_and_not_changed():
    admin, marketer = holding("Administrator"), role("Marketer")
    page = page_of("auth_group", "change", marketer.pk)

    shown = admin.get(page).content.decode()

    assert "Makes segments; drafts campaigns and asks for their activation." in shown
    assert "see, add, change, delete" in shown
    assert 'name="permissions"' not in shown
    assert admin.post(page, {"name": "Mine", "permissions": []}).status_code == 403
    assert admin.post(page_of("auth_group", "delete", marketer.pk), {"post": "yes"}).status_code == 403
    assert "campaigns.change_campaign" in permissions_of("Marketer")


def test_a_role_of_ones_own_is_made_beside_them_and_may_not_give_roles():
    admin = signed_in(is_superuser=True)
    see, give = (Permission.objects.get(codename=codename) for codename in ("view_order", "change_user"))

    refused = admin.post(ROLE_PAGE, {"name": "Desk", "permissions": [give.pk]})
    admin.post(ROLE_PAGE, {"name": "Desk", "permissions": [see.pk]})

    assert "permissions" in refused.context["adminform"].form.errors
    assert permissions_of("Desk") == {"orders.view_order"}
    keep_in_step(apps.get_app_config("orders"))
    assert permissions_of("Desk") == {"orders.view_order"}


def test_permissions_are_offered_in_words():
    page = signed_in(is_superuser=True).get(ROLE_PAGE).content.decode()

    assert "Campaigns: activate, pause and end campaigns" in page
    assert "Customers: see" in page


def test_somebody_without_a_role_is_told_whom_to_ask():
    User.objects.create_user("ada", first_name="Ada", last_name="Byron", is_staff=True, is_superuser=True)

    page = signed_in().get("/admin/").content.decode()

    assert "You have no role yet." in page
    assert "Ada Byron" in page
    assert "Five steps" not in page
