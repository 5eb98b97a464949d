import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from statuses.models import OrderStatus
from tests.factories import OrderFactory, StatusFactory
from tests.screens import HTMX, actions, signed_in

pytestmark = pytest.mark.django_db

PRESETS, UNDO, IMPORT, EXPORT = (
    reverse(f"admin:statuses_{name}") for name in ("presets", "presets_undo", "import", "export")
)
LIST = reverse("admin:statuses_orderstatus_changelist")


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


def upload(client, text, name="statuses.csv"):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, text.encode())})


def confirm(client, page):
    return client.post(
        IMPORT, {name: page.context[name] for name in ("content",)} | {"mark": page.context["plan"].mark}
    )


def test_a_set_is_looked_at_before_it_is_added(admin):
    StatusFactory(type="payment", code="paid", name="Money is here")

    page = admin.get(PRESETS, {"set": "shopify"})

    told = {row.code: row.label for row in page.context["rows"] if row.status.type == "payment"}
    assert (told["paid"], told["voided"]) == ("Stays as it is", "Will be added")
    assert "Add 23 statuses" in page.content.decode()
    assert "Money is here" in page.content.decode()
    assert OrderStatus.objects.count() == 1


def test_a_set_is_added_and_what_was_added_is_named(admin):
    page = admin.post(f"{PRESETS}?set=woocommerce", follow=True)

    assert OrderStatus.objects.count() == 11
    assert "Added: Draft, Processing, Completed, Cancelled" in page.content.decode()
    assert [action.counts for action in actions()] == [{"created": 11}]


def test_what_a_set_added_can_be_removed_while_it_is_unused(admin):
    page = admin.post(f"{PRESETS}?set=example", follow=True).content.decode()
    OrderFactory(payment_status=OrderStatus.objects.get(code="paid"))
    mine = StatusFactory(code="mine")
    address = page.split('href="' + UNDO)[1].split('"')[0].replace("&amp;", "&")

    window = admin.get(UNDO + address, headers=HTMX)
    admin.post(UNDO + address, headers=HTMX)

    assert [status.code for status in window.context["staying"]] == ["paid"]
    assert set(OrderStatus.objects.values_list("code", flat=True)) == {"paid", mine.code}
    assert actions().latest("pk").counts == {"deleted": 10}


def test_to_remove_what_was_added_costs_the_same_for_few_and_many(admin, django_assert_max_num_queries):
    added = StatusFactory.create_batch(30)
    address = f"{UNDO}?added={','.join(str(status.pk) for status in added)},x,{10**30}"

    with django_assert_max_num_queries(30):
        admin.post(address, headers=HTMX)

    assert not OrderStatus.objects.exists()


def test_where_all_is_there_there_is_nothing_to_add(admin):
    admin.post(f"{PRESETS}?set=example")

    page = admin.get(f"{PRESETS}?set=example").content.decode()

    assert "All of it is there already." in page
    assert "Add 0" not in page


def test_who_may_not_delete_is_offered_no_undo():
    editor = signed_in("statuses.view_orderstatus", "statuses.add_orderstatus")

    page = editor.post(f"{PRESETS}?set=example", follow=True).content.decode()

    assert "Added: Accepted" in page
    assert "Remove those still unused" not in page
    assert editor.post(f"{UNDO}?added=1").status_code == 403


@pytest.mark.parametrize(
    ("address", "permissions"),
    [
        (PRESETS, ("view", "change")),
        (IMPORT, ("view", "add")),
        (IMPORT, ("view", "change")),
        (EXPORT, ()),
        (UNDO, ("view", "add", "change")),
    ],
)
def test_whoever_lacks_a_permission_is_refused(address, permissions):
    client = signed_in(*(f"statuses.{verb}_orderstatus" for verb in permissions))

    assert client.get(address).status_code == 403


def test_a_file_is_looked_at_before_it_is_taken(admin):
    StatusFactory(type="payment", code="paid", name="Paid")

    page = upload(admin, "type,code,name\npayment,PAID,Settled\npayment,new,New\n")

    assert [(row.where, row.label, row.told) for row in page.context["rows"]] == [
        ("line 2", "Will be changed", ["name: Paid → Settled"]),
        ("line 3", "Will be added", []),
    ]
    assert OrderStatus.objects.values_list("name").get() == ("Paid",)


def test_what_was_looked_at_is_taken(admin):
    StatusFactory(type="payment", code="paid", name="Paid")
    page = upload(admin, "type;code;name\npayment;paid;Settled\npayment;new;Новый\n")

    answer = confirm(admin, page)

    assert answer.url == LIST
    assert set(OrderStatus.objects.values_list("code", "name")) == {("paid", "Settled"), ("new", "Новый")}
    assert "Added: Новый. Changed: Settled." in admin.get(LIST).content.decode()
    assert [action.counts for action in actions()] == [{"created": 1, "changed": 1}]


def test_what_changed_since_it_was_looked_at_is_looked_at_again(admin):
    status = StatusFactory(type="payment", code="paid", name="Paid")
    page = upload(admin, "type,code,name\npayment,paid,Settled\n")
    OrderStatus.objects.filter(pk=status.pk).update(name="Paid up")

    again = confirm(admin, page)

    assert "Somebody changed the statuses meanwhile" in again.content.decode()
    assert OrderStatus.objects.get().name == "Paid up"
    confirm(admin, again)
    assert OrderStatus.objects.get().name == "Settled"


def test_wrong_lines_are_named_and_nothing_can_be_taken(admin):
    page = upload(admin, "type,code\npayment,new\nmood,x\n")

    content = page.content.decode()
    assert [(row.where, row.told) for row in page.context["wrong"]] == [
        ("line 3", ["“mood” is no type. There are: general, delivery, payment."])
    ]
    assert "1 line is wrong." in content
    assert ">Import<" not in content
    confirm(admin, page)
    assert not OrderStatus.objects.exists()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "The file is empty."),
        ("a" * (1024 * 1024 + 1), "The file is larger than 1 MiB. It holds more than statuses, or is another file."),
        ("type,mood", "There is no column “code”."),
    ],
)
def test_a_file_that_is_none_is_told_so_beside_the_field(admin, text, error):
    page = upload(admin, text)

    assert page.context["form"].errors["file"][0].startswith(error)
    assert error in page.content.decode()


@pytest.mark.parametrize("content", ["%", "e30=", ""])
def test_a_page_that_was_tampered_with_begins_anew(admin, content):
    assert admin.post(IMPORT, {"content": content, "mark": "x"}).url == IMPORT


def test_the_largest_file_comes_back_with_its_page(admin):
    names = "Ж" * 200
    text = "type,code,name\n" + "".join(f"general,code-{n},{names}\n" for n in range(2000))

    confirm(admin, upload(admin, text))

    assert OrderStatus.objects.count() == 2000


@pytest.mark.parametrize(
    ("format", "kind", "begins"),
    [("csv", "text/csv; charset=utf-8", "\ufefftype,code,name"), ("json", "application/json", '{\n  "format": 1,')],
)
def test_what_is_there_is_downloaded(format, kind, begins):
    viewer = signed_in("statuses.view_orderstatus")
    StatusFactory()

    answer = viewer.get(EXPORT, {"format": format})

    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Content-Disposition"] == f'attachment; filename="order-statuses.{format}"'
    assert answer.content.decode().startswith(begins)


def test_the_list_leads_to_sets_and_files_as_far_as_its_reader_may(admin):
    viewer = signed_in("statuses.view_orderstatus")

    assert PRESETS in admin.get(LIST).content.decode()
    assert PRESETS not in viewer.get(LIST).content.decode()
    assert EXPORT in viewer.get(LIST).content.decode()
