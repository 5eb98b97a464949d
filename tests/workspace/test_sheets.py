from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile
from zoneinfo import ZoneInfo

from workspace.sheets import write_sheet


def parts(sheet):
    with ZipFile(BytesIO(sheet)) as files:
        return {name: files.read(name).decode() for name in files.namelist()}


def cells(*values):
    written = parts(write_sheet(["a"], [[value] for value in values], ZoneInfo("Europe/Moscow")))
    return written["xl/worksheets/sheet1.xml"]


def test_what_looks_like_a_formula_or_a_link_is_a_text():
    sheet = cells("=1+1", "{=1}", "http://example.org", "+16025550124", "@SUM(A1)")

    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    for text in ("=1+1", "{=1}", "http://example.org", "+16025550124", "@SUM(A1)"):
        assert f"<t>{text}</t>" in sheet


def test_numbers_times_and_flags_are_what_they_are():
    sheet = cells(3, Decimal("12.30"), True, datetime(2026, 5, 3, 11, 5, tzinfo=UTC), None)

    assert '<c r="A2"><v>3</v></c>' in sheet
    assert '<c r="A3"><v>12.30</v></c>' in sheet
    assert '<c r="A4" t="b"><v>1</v></c>' in sheet
    # 14:05 of that day in Moscow, in days since 1900.
    assert "<v>46145.58680555555</v>" in sheet


def test_a_number_that_would_be_rounded_stays_a_text():
    assert "<t>12345678901234567890</t>" in cells(12345678901234567890)


def test_a_text_longer_than_a_cell_is_cut_and_not_lost():
    assert "x" * 32_767 in cells("x" * 40_000)
    assert "x" * 32_768 not in cells("x" * 40_000)


def test_what_xml_cannot_hold_is_no_fault():
    assert cells("a\x01b\ud800".encode(errors="replace").decode())
