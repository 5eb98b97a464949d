"""Each advisory lock is a number of its own: else whoever holds one of two would wait for the other."""

import re
from collections import Counter
from pathlib import Path

from django.apps import apps
from django.conf import settings

LOCK = re.compile(r"^(\w+_LOCK) = ([\d_]+)$", re.MULTILINE)


def test_each_advisory_lock_is_a_number_of_its_own():
    ours = [Path(app.path) for app in apps.get_app_configs() if Path(app.path).parent == settings.BASE_DIR]
    locks = {
        (name, int(number))
        for app in ours
        for path in app.rglob("*.py")
        for name, number in LOCK.findall(path.read_text())
    }

    assert {"LEDGER_LOCK", "HISTORY_LOCK"} <= {name for name, _number in locks}
    assert Counter(number for _name, number in locks).most_common(1)[0][1] == 1
