from datetime import UTC, datetime

import pytest

from workspace import timeline
from workspace.models import Source
from workspace.timeline import Entry, entries, register

AT = datetime(2024, 5, 3, 12, 0, tzinfo=UTC)


class Reader:
    def __init__(self, *permissions):
        self.permissions = permissions

    def has_perm(self, perm):
        return perm in self.permissions


@pytest.fixture
def source(monkeypatch):
    """A source of which two tell, each to whom may know."""
    monkeypatch.setattr(timeline, "_tellers", {Source: {}})
    register(Source, lambda _source, _most: [Entry(AT, "bolt", "made")], needs="workspace.view_source")
    register(Source, lambda _source, _most: [Entry(AT, "key", "keyed", rank=1)], needs="workspace.view_apikey")
    return Source(name="Shop")


@pytest.mark.parametrize(
    ("permissions", "told"),
    [
        ([], []),
        (["workspace.view_source"], ["made"]),
        (["workspace.view_source", "workspace.view_apikey"], ["keyed", "made"]),
    ],
)
def test_a_reader_is_told_what_their_permissions_allow(source, permissions, told):
    assert [entry.text for entry in entries(source, Reader(*permissions))] == told
