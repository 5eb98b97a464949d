"""`manage.py create_api_key NAME --source CODE --scope …`: the key alone on stdout, all else on stderr."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from workspace import history
from workspace.models import ApiKey, Scope, Source, Verb


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("Make an API key. It is shown this once: keep it where secrets are kept.")
        parser.add_argument("name", help=_("What it is for, such as “Web shop”."))
        parser.add_argument("--source", required=True, metavar="CODE", help=_("The source that speaks with it."))
        parser.add_argument(
            "--scope", action="append", default=[], dest="scopes", help=_("May be given several times.")
        )
        parser.add_argument("--test", action="store_true", help=_("A test key: it never reaches a gateway."))
        parser.add_argument("--create-source", action="store_true", help=_("Make the source if there is none."))

    def handle(
        self, *, name: str, source: str, scopes: list[str], test: bool, create_source: bool, **_options: Any
    ) -> None:
        _check(scopes)
        speaker = _make_source(source) if create_source else _find_source(source)
        with transaction.atomic():
            key, secret = ApiKey.objects.issue(name=name, source=speaker, scopes=list(set(scopes)), is_test=test)
            history.record_created(history.COMMAND, key, Verb.ISSUED)
        self.stderr.write(
            _("Key “%(name)s” of source “%(source)s” (mode %(mode)s) may: %(scopes)s. It is not shown again.")
            % {"name": name, "source": speaker.code, "mode": speaker.mode, "scopes": ", ".join(key.scopes)}
        )
        self.stdout.write(secret)


def _check(scopes: list[str]) -> None:
    choices = ", ".join(Scope.values)
    if not scopes:
        raise CommandError(_("Say what the key may do with --scope. There are: %s.") % choices)
    unknown = [scope for scope in scopes if scope not in Scope.values]
    if unknown:
        named = {"unknown": ", ".join(unknown), "choices": choices}
        raise CommandError(_("There is no scope %(unknown)s. There are: %(choices)s.") % named)


def _find_source(code: str) -> Source:
    source = Source.objects.filter(code=code).first()
    if source is None:
        codes = ", ".join(Source.objects.values_list("code", flat=True))
        detail = _("There is no source “%(code)s”. There are: %(codes)s. Add --create-source to make it.")
        raise CommandError(detail % {"code": code, "codes": codes})
    return source


def _make_source(code: str) -> Source:
    source = Source.objects.filter(code=code).first() or Source(code=code, name=code)
    try:
        source.full_clean()
    except ValidationError as error:
        raise CommandError("; ".join(error.messages)) from None
    source.save()
    return source
