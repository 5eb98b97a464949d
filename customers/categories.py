"""Kinds of message that a customer may refuse, by the word a campaign's text is marked with: “offers”."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from workspace.reading import Problem

_CATEGORY = re.compile(r"[a-z0-9_-]{1,64}")
MOST_CATEGORIES = 100


def is_category(word: Any) -> bool:
    return isinstance(word, str) and _CATEGORY.fullmatch(word) is not None


def read_categories(name: str, words: Any) -> list[str] | Problem:
    """A list of categories, each once, in an order of its own: told in another, it says the same. Null is none."""
    if words is None:
        return []
    if not isinstance(words, list):
        return Problem("not_a_list", _("“%s” is a list of categories.") % name, name)
    if not all(is_category(word) for word in words):
        return Problem("invalid_category", _("A category is 1 to 64 small letters, digits, - and _."), name)
    if len(words) > MOST_CATEGORIES:
        most = {"name": name, "most": MOST_CATEGORIES}
        return Problem("too_long", _("“%(name)s” has more than %(most)d categories.") % most, name)
    return sorted(set(words))


def split_categories(written: str) -> list[str]:
    """As people and files write them: “offers, news”."""
    return written.replace(",", " ").split()
