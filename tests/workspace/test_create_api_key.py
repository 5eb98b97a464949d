from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.factories import SourceFactory
from workspace.models import ApiKey, Source, digest

pytestmark = pytest.mark.django_db


def create(*arguments):
    out, err = StringIO(), StringIO()
    call_command("create_api_key", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_key_alone_is_printed():
    SourceFactory(code="shop")

    out, err = create("Web shop", "--source", "shop", "--scope", "orders:read", "--scope", "orders:write")

    key = ApiKey.objects.get()
    assert digest(out.strip()) == key.digest
    assert out.count("\n") == 1
    assert key.scopes == ["orders:read", "orders:write"]
    assert "It is not shown again." in err


def test_a_test_key_says_so_in_its_name():
    SourceFactory(code="shop")

    out, _err = create("Try", "--source", "shop", "--scope", "orders:write", "--test")

    assert out.startswith("os_test_")


def test_an_unknown_source_is_answered_with_those_there_are():
    with pytest.raises(CommandError, match=r"There is no source “shop”\. There are: admin, load"):
        create("Web shop", "--source", "shop", "--scope", "orders:write")


def test_a_source_can_be_made_on_the_way():
    create("Web shop", "--source", "shop", "--scope", "orders:write", "--create-source")
    create("Web shop 2", "--source", "shop", "--scope", "orders:write", "--create-source")

    assert Source.objects.get(code="shop").mode == "history"


@pytest.mark.parametrize("scopes", [[], ["--scope", "orders:fly"]])
def test_an_unknown_scope_is_answered_with_those_there_are(scopes):
    SourceFactory(code="shop")

    with pytest.raises(CommandError, match="There are: statuses:read, statuses:write"):
        create("Web shop", "--source", "shop", *scopes)


def test_a_source_code_that_is_none_is_refused():
    with pytest.raises(CommandError, match="valid"):
        create("Web shop", "--source", "web shop!", "--scope", "orders:write", "--create-source")
