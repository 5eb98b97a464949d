"""Processes that no manage.py starts refuse to start when our own checks (checks.py) find an error.

Web processes, workers and beat call it. It is a module of its own, as they are loaded before the apps are.
"""

from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

# Tags our own checks: they take no time, while Django's take a second.
OURS = "project"


def refuse_to_start_wrongly() -> None:
    """Raises ImproperlyConfigured with all that is wrong, and what to do about each."""
    found = sorted(run_checks(tags=[OURS]), key=lambda finding: str(finding.id))
    wrong = [f"{finding.msg}\n  {finding.hint}" for finding in found if finding.is_serious()]
    if wrong:
        raise ImproperlyConfigured("\n".join([_("It does not start like this:"), *wrong]))
