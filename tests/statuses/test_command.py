import io
import json

import pytest
from django.core.management import CommandError, call_command

from statuses.models import OrderStatus
from tests.factories import StatusFactory
from workspace.models import Action

pytestmark = pytest.mark.django_db


def run(*arguments):
    out, err = io.StringIO(), io.StringIO()
    call_command("statuses", *arguments, stdout=out, stderr=err)
    return out.getvalue()


def test_statuses_are_printed_or_written_to_a_file(tmp_path):
    StatusFactory(code="x", name="Ж")
    file = tmp_path / "statuses.json"

    run("export", str(file))

    assert json.loads(file.read_text(encoding="utf-8"))["statuses"][0]["name"] == "Ж"
    assert run("export").splitlines()[1] == "general,x,Ж,true,grey,1,false,true,"
    assert json.loads(run("export", "--format", "json"))["format"] == 1


def test_a_file_is_imported(tmp_path):
    StatusFactory(code="x", name="X")
    file = tmp_path / "statuses.csv"
    file.write_text("type,code,name\ngeneral,x,Y\ngeneral,new,New\n")

    assert run("import", str(file)).splitlines() == [
        "line 2, x: name: X → Y",
        "Will be added: 1",
        "Will be changed: 1",
        "Stays as it is: 0",
        "Wrong: 0",
    ]
    assert set(OrderStatus.objects.values_list("code", "name")) == {("x", "Y"), ("new", "New")}


def test_a_dry_run_writes_nothing(tmp_path):
    file = tmp_path / "statuses.csv"
    file.write_text("type,code\ngeneral,new\n")

    said = run("import", str(file), "--dry-run")

    assert "Nothing was written: this was a dry run." in said
    assert not OrderStatus.objects.exists()


def test_a_file_with_a_wrong_line_is_refused_as_a_whole(tmp_path):
    file = tmp_path / "statuses.csv"
    file.write_text("type,code\ngeneral,new\nmood,x\n")

    with pytest.raises(CommandError, match="Nothing was imported: 1 line is wrong"):
        run("import", str(file))

    assert not OrderStatus.objects.exists()


@pytest.mark.parametrize("arguments", [("import", "/nowhere.csv"), ("export", "/nowhere/statuses.csv")])
def test_a_file_that_cannot_be_opened_is_named(arguments):
    with pytest.raises(CommandError, match="/nowhere"):
        run(*arguments)


def test_the_history_tells_of_an_import_and_of_no_dry_run(tmp_path):
    file = tmp_path / "statuses.csv"
    file.write_text("type,code\ngeneral,new\n")

    run("import", str(file), "--dry-run")
    run("import", str(file))
    run("import", str(file))  # nothing is new any more

    action = Action.objects.get()
    assert (action.verb, action.who, action.object_type, action.counts) == (
        "written", "manage.py", "statuses.orderstatus", {"created": 1},
    )  # fmt: skip
