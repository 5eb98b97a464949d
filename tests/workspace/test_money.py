from decimal import Decimal

import pytest

from workspace.money import BadMoney, currency_choices, from_minor, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.30", "EUR", 1230),
        ("12.3", "EUR", 1230),
        ("12.300", "EUR", 1230),
        (" 12 ", "EUR", 1200),
        ("-0.01", "EUR", -1),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("1e3", "EUR", 100_000),
        (Decimal("0.1"), "EUR", 10),
        (7, "EUR", 700),
        ("10000000000000", "EUR", 10**15),
    ],
)
def test_amounts_are_kept_in_minor_units(amount, currency, minor):
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "reason"),
    [
        ("12.345", "EUR", "EUR has 2 decimals"),
        ("1.5", "JPY", "JPY has 0 decimals"),
        ("1.00000000000000000000000000000000000000001", "EUR", "EUR has 2 decimals"),
        ("1e-999999999", "EUR", "EUR has 2 decimals"),
        ("1", "EURO", "no ISO 4217"),
        ("1", "eur", "no ISO 4217"),
        ("1", "", "no ISO 4217"),
        ("", "EUR", "no decimal number"),
        ("12,30", "EUR", "no decimal number"),
        ("twelve", "EUR", "no decimal number"),
        ("NaN", "EUR", "no decimal number"),
        ("sNaN", "EUR", "no decimal number"),
        ("-Infinity", "EUR", "no decimal number"),
        ("1e999999999", "EUR", "too large"),
        ("10000000000000.01", "EUR", "too large"),
        ("99999999999999999999999999999999999999", "EUR", "too large"),
    ],
)
def test_what_is_no_amount_is_refused_with_its_reason(amount, currency, reason):
    with pytest.raises(BadMoney, match=reason):
        to_minor(amount, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "amount"),
    [(1230, "EUR", "12.30"), (-1, "EUR", "-0.01"), (1200, "JPY", "1200"), (0, "EUR", "0.00")],
)
def test_minor_units_are_told_with_the_decimals_of_the_currency(minor, currency, amount):
    assert str(from_minor(minor, currency)) == amount


def test_only_currencies_that_are_paid_with_today_are_offered_and_the_one_that_is_kept():
    offered, with_marks = dict(currency_choices()), dict(currency_choices(kept="DEM"))

    assert offered["EUR"] == "EUR · Euro"
    assert not {"DEM", "XAG", "XTS", ""} & offered.keys()
    assert with_marks.keys() - offered.keys() == {"DEM"}
