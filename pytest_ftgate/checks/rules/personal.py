"""Personal data in a text: e-mail addresses, telephone, card and account numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from pytest_ftgate.text import ELLIPSIS

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?![\w-])")
_CARD = re.compile(r"(?<![\d.,-])(?<!\d )[2-6](?:[ -]?[0-9]){12,18}(?![\d-])")
_PHONE = re.compile(
    r"(?<![\w.,/+-])(?<!\d )(?:"
    r"(?:\+|00)[1-9](?:[ ./()-]{0,2}[0-9]){7,13}"  # international
    r"|(?:1[ .-])?(?:\([0-9]{3}\)[ ]?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}"  # North America
    r"|\(?0[1-9][0-9]{0,4}\)?(?:[ /-][0-9]{2,8}){1,4}"  # national, with a trunk 0
    r")(?![\w-])"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ ]?[A-Z0-9]){11,30}")
_IBAN_COUNTRIES = {
    15: "NO", 16: "BE", 18: "DK FO FI GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU XK MN",
    21: "CH HR LI LV", 22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST", 26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB NI PL SV", 29: "BR EG PS QA UA",
    30: "JO KW MU YE", 31: "MT SC", 32: "LC", 33: "RU",
}  # fmt: skip
_IBAN_LENGTHS = {
    country: length
    for length, countries in _IBAN_COUNTRIES.items()
    for country in countries.split()
}


def personal_data(text: str, kinds: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Personal data of the given kinds, each find with its kind and masked.

    Args:
        text: what to search.
        kinds: names from :data:`KINDS`.

    Returns:
        ``(kind, masked)`` in order of kinds, then of place; the masked form keeps no more than
        the first two characters.
    """
    for kind in kinds:
        for found in _FINDERS[kind](text):
            yield kind, found[:2] + ELLIPSIS


def _emails(text: str) -> Iterator[str]:
    return (found[0] for found in _EMAIL.finditer(text)) if "@" in text else iter(())


def _cards(text: str) -> Iterator[str]:
    return (found[0] for found in _CARD.finditer(text) if _is_card(found))


def _ibans(text: str) -> Iterator[str]:
    return (found[0] for found in _IBAN.finditer(text) if _is_iban(found))


def _phones(text: str) -> Iterator[str]:
    # Parts of card and account numbers look like telephone numbers.
    text = _CARD.sub(lambda found: _blank(found, _is_card(found)), text)
    text = _IBAN.sub(lambda found: _blank(found, _is_iban(found)), text)
    for found in _PHONE.finditer(text):
        digits = sum(char.isdigit() for char in found[0])
        if 8 <= digits <= 15 and not _is_date(found[0]):
            yield found[0]


def _blank(found: re.Match[str], known: bool) -> str:
    return "x" * len(found[0]) if known else found[0]


def _is_card(found: re.Match[str]) -> bool:
    return luhn(re.sub(r"\D", "", found[0]))


def _is_iban(found: re.Match[str]) -> bool:
    compact = found[0].replace(" ", "")
    length = _IBAN_LENGTHS.get(compact[:2], 0)
    # What follows the number may have been taken for more of it.
    return 0 < length <= len(compact) and mod97(compact[:length])


def _is_date(found: str) -> bool:
    return re.fullmatch(r"0[1-9]([ ./-])[0-9]{2}\1[0-9]{2,4}", found) is not None


def luhn(digits: str) -> bool:
    """Whether the check digit of a card number is right (ISO/IEC 7812-1, Luhn)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if place % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0 and set(digits) != {"0"}


def mod97(iban: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616, ISO 7064 MOD 97-10)."""
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % 97 == 1


_FINDERS: dict[str, Callable[[str], Iterator[str]]] = {
    "email": _emails,
    "phone": _phones,
    "card": _cards,
    "iban": _ibans,
}
KINDS = tuple(_FINDERS)
"""The kinds of personal data that a policy can forbid."""
