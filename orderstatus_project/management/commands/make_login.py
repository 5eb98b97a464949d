"""`manage.py make_login`: the first login of an installation that has none yet."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from orderstatus_project.kept import keep, kept_file, read_kept
from workspace.administrators import administrators
from workspace.models import User

USERNAME = "admin"


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = _("Make the user “admin” with a password made up, unless somebody can log in already.")

    def handle(self, *, verbosity: int = 1, **_options: Any) -> None:
        user = User.objects.filter(username=USERNAME).first()
        if user is None and not administrators().exists():
            password = secrets.token_urlsafe(9)
            User.objects.create_superuser(USERNAME, password=password)
            keep(ADMIN_USER=USERNAME, ADMIN_PASSWORD=password)
            if verbosity:
                made = {"user": USERNAME, "file": kept_file()}
                self.stdout.write(_("Made the user “%(user)s”; the password is in %(file)s.") % made)
        elif user is None or not user.check_password(read_kept().get("ADMIN_PASSWORD", "")):
            # Somebody gave it a password of their own, which is not ours to know.
            keep(ADMIN_USER=USERNAME, ADMIN_PASSWORD="")
