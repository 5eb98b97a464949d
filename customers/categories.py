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
    needed = _("A category is 1 to 64 small letters, digits, - and _.")
    return read_words(name, words, Problem("invalid_category", needed, name), most=MOST_CATEGORIES)


def read_words(name: str, words: Any, invalid: Problem, *, most: int) -> list[str] | Problem:
    """The same of words that are something else."""
    if words is None:
        return []
    if not isinstance(words, list):
        return Problem("not_a_list", _("“%s” is a list of words.") % name, name)
    if not all(is_category(word) for word in words):
        return invalid
    if len(words) > most:
        limit = {"name": name, "most": most}
        return Problem("too_long", _("“%(name)s” has more than %(most)d words.") % limit, name)
    return sorted(set(words))


def split_categories(written: str) -> list[str]:
    """As people and files write them: “offers, news”."""
    return written.replace(",", " ").split()
