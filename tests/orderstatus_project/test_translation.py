"""What people read can be translated: a made-up language of all that is found in the code is spoken everywhere."""

import ast
from io import StringIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.core.management import call_command
from django.utils.translation import activate, get_language

from campaigns.sms.templates import TemplateProblem, check_template
from orderstatus_project import checks, run, supervisor
from orderstatus_project.catalogue import OURS, ROOT, found_everywhere, found_in
from orderstatus_project.refusal import refuse_to_start_wrongly
from tests.factories import SourceFactory
from tests.screens import page_of, signed_in
from workspace.models import Source

# One that we have no words for, with the plural forms of English.
LANGUAGE = "eo"


@pytest.fixture(scope="module")
def catalog():
    """All that is marked in the code; each translated into itself in brackets."""
    catalog = Catalog(locale=LANGUAGE)
    for each in found_everywhere():
        texts = (each.text, each.plural) if each.plural else each.text
        said = tuple(f"[{text}]" for text in texts) if each.plural else f"[{texts}]"
        catalog.add(texts, said, context=each.context or None)
    return catalog


@pytest.fixture
def abroad(catalog, settings, tmp_path):
    """An installation whose language is the made-up one."""
    file = tmp_path / LANGUAGE / "LC_MESSAGES" / "django.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as compiled:
        write_mo(compiled, catalog)
    settings.LOCALE_PATHS, settings.LANGUAGE_CODE, before = [tmp_path], LANGUAGE, get_language()
    activate(LANGUAGE)
    yield settings
    activate(before)


@pytest.mark.django_db
@pytest.mark.usefixtures("abroad")
def test_screens_speak_the_language_of_the_installation():
    admin = signed_in(is_superuser=True)

    page = admin.get(page_of("customers_customer")).content.decode()

    assert "[SMS consent]" in page
    assert "[Name, id, phone or email]" in page


@pytest.mark.django_db
@pytest.mark.usefixtures("abroad")
def test_commands_speak_the_language_of_the_installation():
    out = StringIO()

    call_command("audit", stdout=out)

    assert out.getvalue().splitlines()[-2:] == ["[owed without message or call]: 0", "[unaccounted: 0]"]


@pytest.mark.usefixtures("abroad")
def test_make_run_says_why_it_cannot_start_in_that_language(monkeypatch):
    monkeypatch.setenv("PORT", "0")

    with pytest.raises(run.CannotStart, match=r"^\[PORT=0 is no port\. .*\]$"):
        run._port()


@pytest.mark.usefixtures("abroad")
def test_make_run_says_what_ended_in_that_language(tmp_path):
    overseer = supervisor.Supervisor(tmp_path)
    child = overseer.start("web", ["false"])
    child.process.wait()

    with pytest.raises(supervisor.Died, match=r"^\[web ended with status 1\.\]$"):
        overseer.check()


def test_a_refusal_to_start_is_said_in_that_language(abroad):
    abroad.PRODUCTION, abroad.DEBUG = True, True

    with pytest.raises(Exception, match=r"(?s)^\[It does not start like this:\].*\[DEBUG is on.*\]\n  \[Remove DEBUG"):
        refuse_to_start_wrongly()


@pytest.mark.usefixtures("abroad")
def test_every_check_of_a_production_is_said_in_that_language():
    said = [text for _, say in checks.PRODUCTION_RULES for text in (say().msg, say().hint)]

    assert [text for text in said if not text.startswith("[")] == []


@pytest.mark.django_db
@pytest.mark.usefixtures("abroad")
def test_sources_that_are_always_there_are_called_in_that_language_until_they_are_renamed():
    Source.objects.filter(pk=Source.LOAD_ID).update(name="Old system")

    names = [str(Source.objects.get(pk=pk)) for pk in (Source.ADMIN_ID, Source.LOAD_ID, SourceFactory(name="Shop").pk)]

    assert names == ["[Admin]", "Old system", "Shop"]


@pytest.mark.usefixtures("abroad")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{% if %}x{% endif %}", "[Line 1, column 4]: [Liquid says “missing expression”.]"),
        ("{% for x in order.lines %}", "[Liquid says “expected tag endfor, found end of expression”.]"),
    ],
)
def test_what_the_library_of_templates_says_is_quoted(text, said):
    with pytest.raises(TemplateProblem) as problem:
        check_template(text)

    assert str(problem.value) == said


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("run.py", "Checks and database migrations"),
        ("run.py", "Web, workers and beat"),
        ("run.py", "Stopping."),
        ("supervisor.py", "%(what)s within %(seconds).0f s. Its log is under %(logs)s."),
    ],
)
def test_what_make_run_says_on_its_way_is_found(file, text):
    assert text in [each.text for each in found_in(Path(run.__file__).with_name(file), file)]


def test_texts_are_marked_under_names_that_the_catalogue_knows():
    """One that is imported under another name marks texts that nobody finds to translate."""
    files = [file for folder in OURS for file in (ROOT / folder).rglob("*.py")]
    imports = [
        (file.name, name.asname)
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.asname
    ]

    assert imports
    assert [(file, name) for file, name in imports if name != "_"] == []
