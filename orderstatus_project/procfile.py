"""The processes of an installation, by name, as the Procfile says: the one place where their commands stand.

`make run` starts them from there. The units and the compose file under deploy/ say the same; a test holds them to it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from orderstatus_project.environment import BASE_DIR

PROCFILE = BASE_DIR / "Procfile"


def commands(procfile: Path = PROCFILE) -> dict[str, list[str]]:
    """Each process's words, with the interpreter that runs this one for `python`."""
    return {name: [sys.executable, *words[1:]] if words[0] == "python" else words for name, words in _lines(procfile)}


def _lines(procfile: Path) -> Iterator[tuple[str, list[str]]]:
    for line in procfile.read_text(encoding="utf-8").splitlines():
        name, _colon, command = line.partition(":")
        yield name, shlex.split(command)
