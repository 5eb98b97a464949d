"""`manage.py campaign import|export|diff|kinds`: campaigns as files, what makes two differ, what they are made of."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from campaigns.back_filling import fill_at_once
from campaigns.checks import Caution, find_cautions
from campaigns.comparing import compare
from campaigns.definitions import DefinitionError, in_order, read_plan
from campaigns.editing import read_definition
from campaigns.history import note_activated
from campaigns.kinds_page import kinds_page
from campaigns.lifecycle import Reach, WrongState, activate, read_reach, save_draft
from campaigns.models import Campaign, CampaignVersion
from workspace import history
from workspace.reading import Problem


class Command(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description = _("Import a campaign from a file (as a draft, or activated), export one, or compare two.")
        verbs = parser.add_subparsers(dest="verb", required=True)
        importing = verbs.add_parser(
            "import", help=_("Make the file's campaign, or a new draft of it if its code exists.")
        )
        importing.add_argument("file", help=_("A JSON file; - for standard input."))
        importing.add_argument("--activate", action="store_true", help=_("Activate it at once."))
        importing.add_argument(
            "--effective-from",
            metavar=_("beginning|TIME"),
            help=_("With --activate: which changes start it. Left out: those that occur from now on."),
        )
        exporting = verbs.add_parser("export", help=_("Print a campaign's draft as JSON."))
        exporting.add_argument("code")
        verbs.add_parser("kinds", help=_("Print every kind of trigger, step and gateway there is, as Markdown."))
        comparing = verbs.add_parser("diff", help=_("Tell in words what makes the second differ from the first."))
        for name in ("old", "new"):
            comparing.add_argument(
                name,
                help=_("A campaign's code (its draft), CODE@VERSION (what ran), or a JSON file; - is standard input."),
            )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "export":
            self.stdout.write(json.dumps(in_order(_find(options["code"]).draft), indent=2, ensure_ascii=False))
            return
        if options["verb"] == "kinds":
            self.stdout.write(kinds_page(), ending="")
            return
        if options["verb"] == "diff":
            self._compare(_read_side(options["old"]), _read_side(options["new"]))
            return
        if options["effective_from"] is not None and not options["activate"]:
            raise CommandError(_("--effective-from needs --activate: a draft takes no effect."))
        reach = _read_reach(options["effective_from"])
        campaign, is_new = _save(_read_json(options["file"]))
        said = _("Created campaign %s.") if is_new else _("Updated the draft of campaign %s.")
        self.stdout.write(said % campaign.code)
        if options["activate"]:
            self._activate(campaign, reach)
        else:
            self._warn(find_cautions(campaign.draft, read_plan(campaign.draft)))

    def _compare(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        differences = compare(old, new)
        for difference in differences:
            self.stdout.write(f"{difference.pointer}: {difference.detail}")
        if not differences:
            self.stdout.write(_("They mean the same."))

    def _activate(self, campaign: Campaign, reach: Reach) -> None:
        try:
            with transaction.atomic():
                activated = activate(campaign, **reach)
                note_activated(history.COMMAND, activated)
        except WrongState as error:
            raise CommandError(str(error)) from None
        self._warn(activated.cautions)
        activation = activated.activation
        since = {"number": activation.version.number, "since": activation.effective_from or _("the beginning")}
        self.stdout.write(_("Activated version %(number)d, effective from %(since)s.") % since)
        entered = fill_at_once(activated.back_fill)
        self.stdout.write(_("Orders that entered from changes heard before: %d") % entered)

    def _warn(self, cautions: Sequence[Caution]) -> None:
        for caution in cautions:
            self.stderr.write(caution.detail)


def _find(code: str) -> Campaign:
    campaign = Campaign.objects.filter(code=code).first()
    if campaign is None:
        known = ", ".join(Campaign.objects.values_list("code", flat=True)[:20]) or _("none yet")
        raise CommandError(_("There is no campaign “%(code)s”. There are: %(known)s.") % {"code": code, "known": known})
    return campaign


def _read_side(named: str) -> Any:
    """A definition to compare: of a file, of a version that ran, or of a draft."""
    if named == "-" or Path(named).is_file():
        return _readable(_read_json(named), named)
    code, at, number = named.rpartition("@")
    return _version(code, number).definition if at else _find(named).draft


def _readable(definition: Any, named: str) -> Any:
    try:
        read_plan(definition)
    except DefinitionError as error:
        said = {"file": named, "problems": _listed(error)}
        raise CommandError(_("%(file)s is no campaign:\n%(problems)s") % said) from None
    return definition


def _version(code: str, number: str) -> CampaignVersion:
    campaign = _find(code)
    version = campaign.versions.filter(number=number).first() if number.isdecimal() and len(number) < 10 else None
    if version is None:
        there = ", ".join(str(number) for number in campaign.versions.values_list("number", flat=True)) or _("none yet")
        said = {"code": code, "number": number, "there": there}
        raise CommandError(_("“%(code)s” has no version %(number)s. There are: %(there)s.") % said)
    return version


def _listed(error: DefinitionError) -> str:
    return "\n".join(f"  {problem.field or '/'}: {problem.detail}" for problem in error.problems)


def _read_json(name: str) -> Any:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(_("%(file)s cannot be read: %(error)s") % {"file": name, "error": error}) from None
    try:
        return read_definition(text)
    except ValueError as error:
        raise CommandError(f"{name}: {error}") from None


def _read_reach(written: str | None) -> Reach:
    reach = read_reach(written)
    if isinstance(reach, Problem):
        raise CommandError(f"--effective-from: {reach.detail}")
    return reach


def _save(definition: Any) -> tuple[Campaign, bool]:
    try:
        with transaction.atomic():
            campaign, is_new = save_draft(definition)
            (history.record_created if is_new else history.record_changed)(history.COMMAND, campaign)
            return campaign, is_new
    except DefinitionError as error:
        raise CommandError(_("The campaign was not imported:\n%s") % _listed(error)) from None
    except WrongState as error:
        raise CommandError(str(error)) from None
