"""`manage.py campaign import|export`: campaigns as files."""

import json
import sys
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.definitions import DefinitionError, read_plan
from campaigns.lifecycle import WrongState, activate, missing_statuses, save_draft
from campaigns.models import Campaign
from workspace.models import Workspace
from workspace.reading import read_time

BEGINNING = "beginning"


class Command(BaseCommand):
    help = "Import a campaign from a file (as a draft, or activated), or export one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        importing = verbs.add_parser(
            "import", help="Make the file's campaign, or a new draft of it if its code exists."
        )
        importing.add_argument("file", help="A JSON file; - for standard input.")
        importing.add_argument("--activate", action="store_true", help="Activate it at once.")
        importing.add_argument(
            "--effective-from",
            metavar="beginning|TIME",
            help="With --activate: which changes start it. Left out: those that occur from now on.",
        )
        exporting = verbs.add_parser("export", help="Print a campaign's draft as JSON.")
        exporting.add_argument("code")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verb"] == "export":
            self.stdout.write(json.dumps(_find(options["code"]).draft, indent=2, ensure_ascii=False))
            return
        if options["effective_from"] and not options["activate"]:
            raise CommandError("--effective-from needs --activate: a draft takes no effect.")
        effective_from = _read_effective_from(options["effective_from"])
        campaign, is_new = _save(_read_json(options["file"]))
        self.stdout.write(f"{'Created' if is_new else 'Updated the draft of'} campaign {campaign.code}.")
        for code in missing_statuses(read_plan(campaign.draft)):
            self.stderr.write(
                f"The trigger names the status “{code}”, which does not exist yet: nothing matches it until it does."
            )
        if options["activate"]:
            self._activate(campaign, effective_from)

    def _activate(self, campaign: Campaign, effective_from: datetime | str | None) -> None:
        if not Workspace.orders_are_on():
            self.stderr.write("Orders is off: no campaign starts until you turn it on with `manage.py orders on`.")
        is_beginning = effective_from == BEGINNING
        moment = effective_from if isinstance(effective_from, datetime) else None
        try:
            activated = activate(campaign, from_the_beginning=is_beginning, effective_from=moment)
        except WrongState as error:
            raise CommandError(str(error)) from None
        since = BEGINNING if is_beginning else activated.activation.effective_from
        self.stdout.write(f"Activated version {activated.activation.version.number}, effective from {since}.")
        self.stdout.write(f"Orders that entered from changes heard before: {activated.started}")


def _find(code: str) -> Campaign:
    campaign = Campaign.objects.filter(code=code).first()
    if campaign is None:
        known = ", ".join(Campaign.objects.values_list("code", flat=True)[:20]) or "none yet"
        raise CommandError(f"There is no campaign “{code}”. There are: {known}.")
    return campaign


def _read_json(name: str) -> Any:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name} cannot be read: {error}") from None
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise CommandError(f"{name} is no JSON: {error}") from None


def _read_effective_from(written: str | None) -> datetime | str | None:
    if written is None or written == BEGINNING:
        return written
    moment = read_time(written)
    if isinstance(moment, datetime):
        return moment
    raise CommandError(f"--effective-from: {moment.detail if moment else 'give a time'} Or write “beginning”.")


def _save(definition: Any) -> tuple[Campaign, bool]:
    try:
        return save_draft(definition)
    except DefinitionError as error:
        lines = "\n".join(f"  {problem.field or '/'}: {problem.detail}" for problem in error.problems)
        raise CommandError(f"The campaign was not imported:\n{lines}") from None
    except WrongState as error:
        raise CommandError(str(error)) from None
