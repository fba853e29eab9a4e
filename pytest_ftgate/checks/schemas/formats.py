"""Formats that jsonschema checks too loosely, or not at all."""

from __future__ import annotations

import re
from urllib.parse import quote

import regex
from rfc3986_validator import validate_rfc3986

MAX_FORMAT_CHARS = 65_536
"""Longer texts conform to no format; some checkers would take very long to say so."""

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(
    rf"""(?:{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\\x00-\x1f]|\\.)+")"""
    rf"@(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\]|\[IPv6:[0-9A-Fa-f:.]+\])"
)
_IDN_EMAIL = re.compile(r"[^\s@<>()\[\],;:\x00-\x1f]+@[^\s@<>()\[\],;:\x00-\x1f]+")


def _is_email(text: object) -> bool:
    return len(str(text)) <= 320 and _EMAIL.fullmatch(str(text)) is not None


def _is_idn_email(text: object) -> bool:
    return len(str(text)) <= 320 and _IDN_EMAIL.fullmatch(str(text)) is not None


def _is_iri(text: object) -> bool:
    return bool(validate_rfc3986(_as_uri(str(text)), rule="URI"))


def _is_iri_reference(text: object) -> bool:
    return bool(validate_rfc3986(_as_uri(str(text)), rule="URI_reference"))


def _as_uri(iri: str) -> str:
    """The URI that an IRI maps to (RFC 3987, 3.1): its non-ASCII characters percent-encoded."""
    return "".join(char if char.isascii() else quote(char, errors="replace") for char in iri)


def _is_regex(text: object) -> bool:
    return regex.compile(str(text)) is not None


EXTRA_FORMATS = {
    "email": (_is_email, ()),
    "idn-email": (_is_idn_email, ()),
    "iri": (_is_iri, ()),
    "iri-reference": (_is_iri_reference, ()),
    "regex": (_is_regex, (regex.error,)),
}
