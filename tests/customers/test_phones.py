import pytest

from customers.phones import read_phone


@pytest.mark.parametrize(
    ("written", "country", "e164", "kind"),
    [
        ("+1 602 555 0124", "DE", "+16025550124", "unknown"),
        ("(602) 555-0124", "US", "+16025550124", "unknown"),
        ("+61 491 570 156", "US", "+61491570156", "mobile"),
        ("0491 570 156", "AU", "+61491570156", "mobile"),
        ("020 7946 0018", "GB", "+442079460018", "fixed"),
        ("＋６１ ４９１ ５７０ １５６", "US", "+61491570156", "mobile"),
    ],
)
def test_a_number_is_read_as_people_write_it(written, country, e164, kind):
    assert read_phone(written, country) == (e164, kind)


@pytest.mark.parametrize("written", ["", "   "])
def test_no_number_is_no_number(written):
    assert read_phone(written, "US") == ("", "")


@pytest.mark.parametrize("written", ["call me", "12", "+999 123 456 789", "+1 602 555 01244444", "9" * 400, "\ud800"])
def test_what_cannot_be_read_is_flagged(written):
    assert read_phone(written, "US") == ("", "invalid")
