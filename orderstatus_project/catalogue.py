"""The catalogues of translations, without the tools of gettext: what is marked in the code is brought into each `.po`,
and each `.po` is made into the `.mo` that Django reads.

    python -m orderstatus_project.catalogue update     (make messages)
    python -m orderstatus_project.catalogue compile    (make setup, make run, the image)
    python -m orderstatus_project.catalogue check      (make lint)
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import axes
import django
import rest_framework
import unfold
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "locale"
OURS = ("analytics", "campaigns", "customers", "orders", "orderstatus_project", "statuses", "templates", "workspace")
# It frames every screen and brings no translations; of its extras none is installed.
UNFOLD = Path(str(unfold.__file__)).parent
UNFOLD_EXTRAS = UNFOLD / "contrib"
_DJANGO, _REST, _AXES = (Path(str(package.__file__)).parent for package in (django, rest_framework, axes))
# What these have translated need not be translated again.
TRANSLATED = (
    _DJANGO / "conf",
    *(_DJANGO / "contrib" / app for app in ("admin", "auth", "contenttypes", "sessions")),
    _REST,
    _AXES,
)

_LINE_WIDTH = 120
# What the arguments of a call that marks a text are.
_CALLS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), ("text",)),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), ("text", "plural")),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ("context", "text")),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ("context", "text", "plural")),
}
_TEXT = r"""u?(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
_NAMED = re.compile(r"%\(\w+\)[-#0 +.\d]*[a-z]")
_UNNAMED = re.compile(r"%[-#0 +.\d]*[sdf]|%%")
_BRACED = re.compile(r"\{[\w%()]*\}")
_TAG = re.compile(r"</?[a-z]+[^>]*>")
_CALL_IN_TEMPLATE = re.compile(rf"\b(?:{'|'.join(_CALLS)})\({_TEXT}(?:, {_TEXT})*")


@dataclass(frozen=True, slots=True)
class Found:
    """A text marked in the code, with its plural and its context where it has one."""

    text: str
    plural: str
    context: str
    file: str
    line: int

    @property
    def key(self) -> tuple[str, str]:
        return self.context, self.text


def update() -> None:
    """Bring what the code says now into each `.po`: what is new comes without a translation, what is gone goes."""
    found = found_everywhere()
    for file in catalogues():
        write_catalogue(file, renewed(read_catalogue(file), found))


def compile_all() -> None:
    for file in catalogues():
        compile_catalogue(file, file.with_suffix(".mo"))


def compile_stale() -> None:
    for file in stale():
        compile_catalogue(file, file.with_suffix(".mo"))


def stale() -> list[Path]:
    """Those whose `.mo` is missing or was made of an older one."""
    return [file for file in catalogues() if not _is_made(file, file.with_suffix(".mo"))]


def _is_made(file: Path, compiled: Path) -> bool:
    return compiled.exists() and compiled.stat().st_mtime >= file.stat().st_mtime


def catalogues() -> list[Path]:
    return sorted(LOCALES.glob("*/LC_MESSAGES/django.po"))


def compile_catalogue(file: Path, compiled: Path) -> None:
    """Whole or not at all, as others may read it meanwhile. What lacks its translation is left out, so that it is said
    in English rather than not at all."""
    catalogue = read_catalogue(file)
    for message in [each for each in catalogue if each.id and not is_translated(each)]:
        catalogue.delete(message.id, message.context)
    half = compiled.with_name(f"{compiled.name}.{os.getpid()}")
    with half.open("wb") as binary:
        write_mo(binary, catalogue)
    half.replace(compiled)


def check() -> None:
    found = found_everywhere()
    flaws = [f"{file.parent.parent.name}: {flaw}" for file in catalogues() for flaw in flaws_of(file, found)]
    if flaws:
        sys.exit("\n".join([*flaws, "`make messages` brings in what is new; each text wants its translation."]))


def flaws_of(file: Path, found: list[Found]) -> list[str]:
    """What a reader of this language would stumble over."""
    catalogue = read_catalogue(file)
    said = {each.key: each for each in found}
    missing = [
        f"is not there: {each.text!r}" for each in said.values() if not catalogue.get(each.text, each.context or None)
    ]
    return missing + [flaw for message in catalogue if message.id for flaw in _flaws_in(message, said)]


def _flaws_in(message: Message, said: dict[tuple[str, str], Found]) -> Iterator[str]:
    texts = [message.id] if isinstance(message.id, str) else list(message.id)
    found = said.get((message.context or "", texts[0]))
    if found is None:
        yield f"is said no more: {texts[0]!r}"
    elif bool(found.plural) != (len(texts) > 1):
        yield f"has other plural forms: {texts[0]!r}"
    elif not is_translated(message):
        yield f"is not translated, or not for sure: {texts[0]!r}"
    else:
        forms = [message.string] if isinstance(message.string, str) else list(message.string or [])
        yield from (f"{why}: {texts[0]!r} → {form!r}" for form in forms if (why := _differs(texts, form)))


def _differs(texts: list[str], form: str) -> str:
    """In what a translation differs that it must not: it would fail, or hide what belongs there. Which of the texts it
    translates its language says: where English has “one order”, others may need its number."""
    if _placeholders(form) not in [_placeholders(text) for text in texts]:
        return "has other placeholders"
    if _TAG.findall(form) != _TAG.findall(texts[-1]):
        return "has other tags"
    if _ends(form) != _ends(texts[-1]):
        return "begins or ends with another space"
    return ""


def _placeholders(text: str) -> tuple[list[str], ...]:
    """Those with a name in any order; those without as they come."""
    return sorted(_NAMED.findall(text)), _UNNAMED.findall(text), sorted(_BRACED.findall(text))


def _ends(text: str) -> tuple[bool, bool]:
    return text[:1].isspace(), text[-1:].isspace()


def is_translated(message: Message) -> bool:
    """In every plural form, and by a person who is sure of it."""
    forms = (message.string,) if isinstance(message.string, str) else message.string or ("",)
    return all(forms) and not message.fuzzy


def read_catalogue(file: Path) -> Catalog:
    with file.open("rb") as text:
        return read_po(text, locale=file.parent.parent.name, abort_invalid=True)


def write_catalogue(file: Path, catalogue: Catalog) -> None:
    """The head stays as it was written: nothing in it changes by itself, as dates would. Lines of the code are not
    told, or every change of it would change this file."""
    head = file.read_text(encoding="utf-8").split("\n\n", maxsplit=1)[0].rstrip()
    body = BytesIO()
    write_po(body, catalogue, width=_LINE_WIDTH, omit_header=True, include_lineno=False)
    file.write_text(f"{head}\n\n{body.getvalue().decode().strip()}\n", encoding="utf-8")


def renewed(catalogue: Catalog, found: list[Found]) -> Catalog:
    """The same translations for what is found now."""
    fresh = Catalog(locale=catalogue.locale)
    for each in found:
        both = (each.text, each.plural) if each.plural else each.text
        place = (each.file, each.line)
        fresh.add(both, context=each.context or None, locations=[place], string=_kept(catalogue, each))
    return fresh


def _kept(catalogue: Catalog, found: Found) -> Any:
    """Its translation until now; none, where a text has come to have plural forms, or has them no more."""
    message = catalogue.get(found.text, found.context or None)
    return message.string if message and isinstance(message.string, str) != bool(found.plural) else None


def found_everywhere() -> list[Found]:
    """What is ours, and what unfold says and nobody has translated."""
    ours = [each for folder in OURS for each in found_in_folder(ROOT / folder, ROOT)]
    frame = [each for each in found_in_folder(UNFOLD, UNFOLD.parent) if each.key not in translated_by_others()]
    return [*ours, *frame]


def found_in_folder(folder: Path, root: Path) -> Iterator[Found]:
    for file in sorted(file for ending in ("py", "html", "txt") for file in folder.rglob(f"*.{ending}")):
        if UNFOLD_EXTRAS not in file.parents:
            yield from found_in(file, file.relative_to(root).as_posix())


def found_in(file: Path, name: str) -> Iterator[Found]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        yield from _found_in_code(text, name)
        return
    # Calls of gettext, with all else crossed out.
    for number, line in enumerate(templatize(text, origin=name).splitlines(), start=1):
        for call in _CALL_IN_TEMPLATE.findall(line):
            yield from _found_in_code(f"{call})", name, number - 1)


def _found_in_code(text: str, name: str, lines_before: int = 0) -> Iterator[Found]:
    calls = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        parts = _CALLS.get(call.func.id if isinstance(call.func, ast.Name) else "", ())
        texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if parts and len(texts) >= len(parts):
            said = dict(zip(parts, texts, strict=False))
            line = call.lineno + lines_before
            yield Found(said["text"], said.get("plural", ""), said.get("context", ""), name, line)


@cache
def translated_by_others(language: str = "ru") -> frozenset[tuple[str, str]]:
    keys: set[tuple[str, str]] = set()
    for folder in TRANSLATED:
        with (folder / "locale" / language / "LC_MESSAGES" / "django.mo").open("rb") as compiled:
            keys |= {(message.context or "", _singular(message.id)) for message in read_mo(compiled)}
    return frozenset(keys)


def _singular(text: str | list[str] | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else text[0]


VERBS: dict[str, Callable[[], None]] = {"update": update, "compile": compile_all, "check": check}

if __name__ == "__main__":
    VERBS[sys.argv[1]]()
