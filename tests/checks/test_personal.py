from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.checks.rules.personal import KINDS, luhn, mod97, personal_data


def kinds(text: str) -> list[str]:
    return [kind for kind, _ in personal_data(text, KINDS)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail jo.doe+x@mail.example.co.uk now", "email"),
        ("(a@b.io)", "email"),
        ("+1 415-555-0123", "phone"),
        ("tel:+14155550123", "phone"),
        ("call 415-555-0123.", "phone"),
        ("(415) 555-0123", "phone"),
        ("1.800.555.1234", "phone"),
        ("+49 (0)30 901820", "phone"),
        ("0171/1234567", "phone"),
        ("0044 20 7946 0958", "phone"),
        ("4111 1111 1111 1111", "card"),
        ("5500-0055-5555-5559", "card"),
        ("378282246310005", "card"),
        ("DE89 3704 0044 0532 0130 00.", "iban"),
        ("GB82WEST12345698765432 IS ours", "iban"),
        ("FR14 2004 1010 0505 0001 3M02 606", "iban"),
    ],
)
def test_personal_data_is_found(text: str, expected: str) -> None:
    assert kinds(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "order 12345678 of 2024-01-15, 12:30:45",
        "01.02.2024 or 01/02/2024",
        "4111 1111 1111 1112",
        "DE89 3704 0044 0532 0130 01",
        "XX89 3704 0044 0532 0130 00",
        "user@localhost @mention a@b",
        "1,234,567.00 EUR, 0.12345678, 10.0.0.1",
        "ORD-4111111111111111-7",
        "version 1.2.3.4.5, ISBN 978-3-16-148410-0",
        "0000 0000 0000 0000",
        "ticket 2024-555-1234",
        "",
    ],
)
def test_other_numbers_are_not(text: str) -> None:
    assert kinds(text) == []


def test_only_the_kinds_asked_for_are_looked_for_and_finds_are_masked() -> None:
    text = "jo@example.com 415-555-0123"
    assert list(personal_data(text, ["phone"])) == [("phone", "41…")]
    assert list(personal_data(text, ["email", "phone"])) == [("email", "jo…"), ("phone", "41…")]


@given(st.text("0123456789", min_size=11, max_size=18))
def test_exactly_one_check_digit_satisfies_luhn(digits: str) -> None:
    assert sum(luhn(f"{digits}{check}") for check in range(10)) == (
        0 if set(digits) == {"0"} else 1
    )


@pytest.mark.parametrize(
    ("iban", "valid"),
    [("DE89370400440532013000", True), ("GB82WEST12345698765432", True),
     ("DE88370400440532013000", False)],
)  # fmt: skip
def test_mod_97(iban: str, valid: bool) -> None:
    assert mod97(iban) is valid
