import pytest

from workspace.append_only import AppendOnly, AppendOnlyModel

pytestmark = pytest.mark.django_db


def test_what_proves_what_happened_is_append_only():
    assert {model.__name__ for model in AppendOnlyModel.__subclasses__()} == {
        "StatusTransition",
        "Action",
        "CampaignVersion",
        "RunEvent",
        "MessageEvent",
    }


@pytest.mark.parametrize("model", AppendOnlyModel.__subclasses__(), ids=lambda model: model.__name__)
@pytest.mark.parametrize(
    "tamper",
    [
        lambda row: row.save(),
        lambda row: row.delete(),
        lambda row: type(row).objects.update(pk=1),
        lambda row: type(row).objects.filter(pk=7).delete(),
        lambda row: type(row).objects.bulk_update([row], [type(row)._meta.concrete_fields[1].name]),
    ],
    ids=["save", "delete", "update all", "delete some", "bulk_update"],
)
def test_a_stored_row_is_neither_changed_nor_removed(model, tamper):
    row = model(pk=7)
    row._state.adding = False

    with pytest.raises(AppendOnly, match=rf"^{model.__name__} is append-only\.$"):
        tamper(row)
