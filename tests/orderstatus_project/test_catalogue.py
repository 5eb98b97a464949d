"""A text that lacks its translation fails here, and so does one whose translation would break or mislead."""

import pytest

from orderstatus_project.catalogue import (
    Found,
    catalogues,
    compile_catalogue,
    flaws_of,
    found_everywhere,
    found_in,
    read_catalogue,
    renewed,
    write_catalogue,
)

HEAD = r"""msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\n"
"""
ORDERS = Found("%d order", "%d orders", "", "orders/admin.py", 1)
NAMED = Found("%(who)s paused “%(what)s”", "", "", "orders/admin.py", 2)


@pytest.fixture
def russian(tmp_path):
    """A catalogue of a few texts."""

    def write(*entries):
        file = tmp_path / "ru" / "LC_MESSAGES" / "django.po"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join([HEAD, *entries]), encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize("file", catalogues(), ids=lambda file: file.parent.parent.name)
def test_every_text_has_its_translation(file):
    assert flaws_of(file, found_everywhere()) == []


def orders(*forms, flag=""):
    """Its entry with these plural forms."""
    said = [f'msgstr[{place}] "{form}"' for place, form in enumerate(forms)]
    return "\n".join([flag, 'msgid "%d order"', 'msgid_plural "%d orders"', *said])


UNSURE = "is not translated, or not for sure: '%d order'"


@pytest.mark.parametrize(
    ("entry", "flaw"),
    [
        ("", "is not there: '%d order'"),
        (orders("", "", ""), UNSURE),
        (orders("%d заказ", "%d заказа", ""), UNSURE),
        (orders("%d заказ", "%d заказа", "%d заказов", flag="#, fuzzy"), UNSURE),
        (orders("заказ", "%d заказа", "%d заказов"), "has other placeholders: '%d order' → 'заказ'"),
        ('msgid "%d order"\nmsgstr "%d заказ"', "has other plural forms: '%d order'"),
    ],
)
def test_each_way_to_lack_a_plural_translation_is_told(russian, entry, flaw):
    assert flaws_of(russian(entry), [ORDERS]) == [flaw]


@pytest.mark.parametrize(
    ("translation", "flaws"),
    [
        ("«%(what)s»: приостановлено (%(who)s)", 0),
        ("«%(what)s»: приостановлено", 1),
        ("«%(chto)s»: приостановлено (%(who)s)", 1),
        (" «%(what)s»: приостановлено (%(who)s)", 1),
        ("<b>%(what)s</b>: приостановлено (%(who)s)", 1),
    ],
)
def test_placeholders_tags_and_outer_spaces_must_agree(russian, translation, flaws):
    entry = f'msgid "{NAMED.text}"\nmsgstr "{translation}"'

    assert len(flaws_of(russian(entry), [NAMED])) == flaws


def test_a_text_that_is_said_no_more_is_told_and_goes_with_the_next_update(russian):
    file = russian('msgid "Gone"\nmsgstr "Нет"', f'\nmsgid "{NAMED.text}"\nmsgstr "«%(what)s»: %(who)s"')

    assert flaws_of(file, [NAMED]) == ["is said no more: 'Gone'"]

    write_catalogue(file, renewed(read_catalogue(file), [NAMED, ORDERS]))

    assert flaws_of(file, [NAMED, ORDERS]) == ["is not translated, or not for sure: '%d order'"]
    assert "«%(what)s»: %(who)s" in file.read_text()
    assert file.read_text().startswith(HEAD.strip())


def test_what_lacks_its_translation_is_said_in_english_rather_than_not_at_all(russian):
    file = russian(orders("%d заказ", "", ""))

    compile_catalogue(file, file.with_suffix(".mo"))

    assert "заказ".encode() not in file.with_suffix(".mo").read_bytes()


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", "x = f\"{y} {_('Inside')}\"", ("", "Inside", "")),
        ("a.py", 'x = ngettext("%d day", "%d days", n) % n', ("", "%d day", "%d days")),
        ("a.py", 'x = pgettext_lazy("month", "May")', ("month", "May", "")),
        ("a.py", 'x = _("Of two " "lines")', ("", "Of two lines", "")),
        ("a.html", '{% load i18n %}<p title="{% translate "A" %}">', ("", "A", "")),
        ("a.html", "{% translate 'B' as b %}", ("", "B", "")),
        ("a.html", '{% include "x.html" with title=_("C") %}', ("", "C", "")),
        ("a.html", "{% blocktranslate trimmed %}\n  Add\n  {{ n }}{% endblocktranslate %}", ("", "Add %(n)s", "")),
        ("a.html", "{% blocktranslate count n=n %}One{% plural %}{{ n }}{% endblocktranslate %}", ("", "One", "%(n)s")),
        ("a.html", '{% translate "May" context "month" %}', ("month", "May", "")),
    ],
)
def test_texts_are_found_however_they_are_marked(tmp_path, name, text, found):
    file = tmp_path / name
    file.write_text(text)

    assert [(each.context, each.text, each.plural) for each in found_in(file, name)] == [found]
