"""`manage.py rule_fields`: what rules can ask about, as Markdown."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from analytics.fields_page import fields_page


class Command(BaseCommand):
    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.description = _("Print every field that a rule can ask about, as Markdown.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(fields_page(), ending="")
