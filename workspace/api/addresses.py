"""Ids of other people's making in an address: whatever they hold, slashes too, percent-encoded by the caller.

A web server decodes `%2F` before Django sees it, so such an id is matched as the rest of the path.
"""

from __future__ import annotations

from django.urls import register_converter


class ForeignId:
    regex = ".+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ForeignId, "foreign_id")
