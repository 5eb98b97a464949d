"""The history of actions: who did what, when, from where, and what it was before. The one way in.

What may be told of an object is declared by its app in `ready()`, never guessed: the fields whose values are told, old
and new. Of every other field that people edit only its name is told. So a name, a phone, a secret or the text of a
message never stands here, and a field added tomorrow is silent until somebody says otherwise.

What a shop tells of statuses is in the inbox and the ledger, and is not repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import translation
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy

from workspace.callers import address_of
from workspace.local_formats import whole_moment
from workspace.models import Action, ApiKey, Source, User, Verb, Workspace
from workspace.text import storable

LONGEST = 200
Text = str | Promise
# By field [old, new], or None where only that it changed may be told.
Changes = dict[str, list[Any] | None]


@dataclass(frozen=True, slots=True)
class Told:
    """What the history may tell of a model's objects."""

    # What an object is called, by who reads its history for ever. Empty: its kind and number.
    label: Callable[[Any], str] = lambda _obj: ""
    # Fields whose values are told, also of many-to-many relations.
    values: tuple[str, ...] = ()
    # Fields that hold many things, with how to read them: of those that changed the name is told.
    parts: Mapping[str, Callable[[Any], Mapping[str, Any]]] = field(default_factory=dict)


_told: dict[type[models.Model], Told] = {}
# What people call names that are no fields: parts (“draft.steps”), and what batches count.
_words: dict[str, Text] = {
    "created": gettext_lazy("Created"),
    "changed": gettext_lazy("Changed"),
    "deleted": gettext_lazy("Deleted"),
}


def declare(
    model: type[models.Model],
    *,
    label: Callable[[Any], str] | None = None,
    values: tuple[str, ...] = (),
    parts: Mapping[str, Callable[[Any], Mapping[str, Any]]] | None = None,
    words: Mapping[str, Text] | None = None,
) -> None:
    """`words`: what people call parts, and other names that its actions are told with."""
    _told[model] = Told(label or (lambda _obj: ""), values, parts or {})
    _words.update(words or {})


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who acts: a person, a key with its source, or a command."""

    name: str = ""
    user_id: int | None = None
    key_id: int | None = None
    source_id: int | None = None
    address: str | None = None
    request_id: str = ""

    @classmethod
    def asks(cls, request: Any) -> Who:
        """Of a request to the admin or to the API."""
        origin: dict[str, Any] = {
            "address": address_of(request),
            "request_id": getattr(request, "request_id", ""),
        }
        key = getattr(request, "auth", None)
        if isinstance(key, ApiKey):
            return cls(key.name, key_id=key.pk, source_id=key.source_id, **origin)
        user = getattr(request, "user", None)
        return cls(user.get_username(), user_id=user.pk, **origin) if isinstance(user, User) else cls(**origin)


COMMAND = Who("manage.py")


def record(
    by: Any,
    verb: Verb,
    obj: models.Model | type[models.Model] | None = None,
    *,
    changes: Changes | None = None,
    counts: Mapping[str, int] | None = None,
) -> Action:
    """Write down one action: one INSERT. `by`: a request, or a Who. A model in place of an object: a batch of them."""
    who = by if isinstance(by, Who) else Who.asks(by)
    row = obj if isinstance(obj, models.Model) else None
    return Action.objects.create(
        verb=verb,
        who=_short(who.name),
        user_id=who.user_id,
        key_id=who.key_id,
        source_id=who.source_id,
        address=who.address,
        request_id=who.request_id,
        object_type=obj._meta.label_lower if obj is not None else "",
        object_id=str(row.pk) if row is not None else "",
        object_label=_short(label_of(row)) if row is not None else "",
        changes=changes or {},
        counts={name: number for name, number in (counts or {}).items() if number},
    )


def record_created(by: Any, obj: models.Model, verb: Verb = Verb.CREATED) -> Action:
    """With the values it was made with; fields told by name only are not listed, since all of them are new."""
    now = Standing.of(obj)
    return record(by, verb, obj, changes={name: [None, value] for name, value in now.shown.items() if value})


def record_deleted(by: Any, obj: models.Model) -> Action:
    """Before or after it goes: what it was."""
    was = Standing.of(obj)
    return record(by, Verb.DELETED, obj, changes={name: [value, None] for name, value in was.shown.items() if value})


def record_changed(by: Any, obj: Any, verb: Verb = Verb.CHANGED, **more: list[Any] | None) -> Action | None:
    """What came of it since `remember(obj)`. Nothing did: nothing is written, unless `verb` says more than that.

    The row is read again: a form's object may hold what was not saved, and hides an update in the database.
    """
    before: Standing | None = getattr(obj, REMEMBERED, None)
    now = Standing.of(obj._meta.model._base_manager.get(pk=obj.pk))
    changes = {**(now.since(before) if before else {}), **more}
    if before and not changes and verb == Verb.CHANGED:
        return None
    setattr(obj, REMEMBERED, now)
    return record(by, verb, obj, changes=changes)


REMEMBERED = "_as_it_stood"


def remember(obj: models.Model) -> None:
    """How it stands before somebody changes it."""
    setattr(obj, REMEMBERED, Standing.of(obj))


@dataclass(frozen=True, slots=True)
class Standing:
    """An object's fields: those that may be shown, as JSON, and the rest, which are only compared."""

    shown: dict[str, Any]
    hidden: dict[str, Any]

    @classmethod
    def of(cls, obj: Any) -> Standing:
        told = _told.get(obj._meta.model, Told())
        elsewhere = {*told.values, *told.parts}
        hidden = {
            column.name: column.value_from_object(obj)
            for column in obj._meta.concrete_fields
            if column.editable and not column.primary_key and column.name not in elsewhere
        }
        for name, read in told.parts.items():
            hidden |= {f"{name}.{part}": value for part, value in read(obj).items()}
        return cls({name: _as_json(obj, name) for name in told.values}, hidden)

    def since(self, before: Standing) -> Changes:
        shown: Changes = {
            name: [before.shown.get(name), value]
            for name, value in self.shown.items()
            if before.shown.get(name) != value
        }
        names = dict.fromkeys((*self.hidden, *before.hidden))
        return shown | {name: None for name in names if before.hidden.get(name) != self.hidden.get(name)}


def compare(model: type[models.Model], columns: Sequence[str], before: Sequence[Any], after: Sequence[Any]) -> Changes:
    """Of a row that was written by its columns, what may be told. What no form holds follows from the rest."""
    told, changes = _told.get(model, Told()), Changes()
    for column, old, new in zip(columns, before, after, strict=True):
        if old != new and (known := model._meta.get_field(column)).editable:
            changes[known.name] = [_plain(old), _plain(new)] if known.name in told.values else None
    return changes


def label_of(obj: models.Model) -> str:
    """It is kept, so it is called by the installation's language, whoever acts."""
    with translation.override(settings.LANGUAGE_CODE):
        return _told.get(obj._meta.model, Told()).label(obj)


def kinds() -> dict[str, str]:
    """All that has a history, by how it is stored, with what people call it."""
    return {model._meta.label_lower: kind_name(model._meta.label_lower) for model in _told}


def kind_name(object_type: str) -> str:
    """What people call objects of this kind; of a kind that is gone, its name in the code."""
    try:
        return capfirst(str(apps.get_model(object_type)._meta.verbose_name))
    except (LookupError, ValueError):
        return object_type


def field_name(object_type: str, name: str) -> str:
    """What people call this field, or this part of one."""
    if name in _words:
        return in_words(name)
    first, _dot, part = name.partition(".")
    try:
        column: Any = apps.get_model(object_type)._meta.get_field(first)
    except (LookupError, ValueError, FieldDoesNotExist):
        return in_words(name)
    return in_words(part) if part else capfirst(str(getattr(column, "verbose_name", first)))


def in_words(name: str) -> str:
    return capfirst(str(_words.get(name, name.replace("_", " "))))


def value_name(object_type: str, name: str, value: Any) -> str:
    """A value as people read it: the label of a choice, yes or no, a time in their zone, words with commas."""
    try:
        column: Any = apps.get_model(object_type)._meta.get_field(name)
        choices = dict(column.flatchoices)
    except (LookupError, ValueError, FieldDoesNotExist, AttributeError):
        column, choices = None, {}
    if isinstance(column, models.DateTimeField) and isinstance(value, str) and (at := parse_datetime(value)):
        return whole_moment(at)
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(choices.get(value, value)) if value is not None else ""


def _as_json(obj: Any, name: str) -> Any:
    return _plain(getattr(obj, name))


def _plain(value: Any) -> Any:
    if isinstance(value, models.Manager):
        return sorted(label_of(one) for one in value.all())
    if isinstance(value, models.Model):
        return label_of(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | float | str | list) else str(value)


def _short(text: str) -> str:
    return storable(text)[:LONGEST]


declare(
    Workspace,
    label=str,
    values=(
        "organisation",
        "orders_enabled",
        "default_country",
        "timezone",
        "currency",
        "quiet_from",
        "quiet_until",
        "stop_words",
        "start_words",
    ),
)
declare(Source, label=lambda source: source.code, values=("code", "name", "mode", "on_unknown"))
declare(ApiKey, label=str, values=("name", "source", "scopes", "is_test"))
# Of a person what they may do is told with values; their name, address and password by name only.
declare(
    User,
    label=lambda user: user.get_username(),
    values=("username", "is_active", "is_staff", "is_superuser", "groups", "language", "timezone"),
)
declare(Group, label=lambda group: group.name, values=("name", "permissions"))
declare(Permission, label=lambda permission: permission.codename)
