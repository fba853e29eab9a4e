"""Counting sentences and words as a reader would."""
# ruff: noqa: RUF001 (typographic quotes and full-width marks are what is looked for)

from __future__ import annotations

import re

_TERMINATOR = re.compile(r"[.!?…。！？｡]+[\"'”’»)\]*_]*")
_WIDE = "。！？｡"  # these end a sentence without a space after them
_URL = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\w+", re.IGNORECASE)
_BLOCK = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*+•]|\d{1,3}[.)]|#{1,6})[ \t])")
_MARKER = re.compile(r"^[ \t]*(?:[-*+•>]|\d{1,3}[.)]|#{1,6})[ \t]+")
_LAST_WORD = re.compile(r"[\w.’']+$")
_ABBREVIATIONS = frozenset(
    "mr mrs ms mx dr prof sr jr st mt rev hon gen col sgt capt lt gov sen rep "
    "e.g i.e eg ie cf vs viz al et etc approx est dept inc ltd corp co no nos vol fig figs eq "
    "sec ch pp ca resp incl excl max min tel ext ave blvd rd a.k.a a.m p.m u.s u.k u.n ph.d "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur fri sat sun".split()
)
_MAY_END = frozenset("etc inc ltd corp co a.m p.m u.s u.k u.n ph.d jr sr al".split())
_ALSO_WORDS = frozenset("no mar sat sun sec est may rd est min max co al rep fig ph col".split())
"""Abbreviations that are words as well: they count as one only before a digit or a capital."""


def count_words(text: str) -> int:
    """The number of words: runs between spaces that hold a letter or a digit."""
    return sum(1 for word in text.split() if any(char.isalnum() for char in word))


def count_sentences(text: str) -> int:
    """The number of sentences.

    A sentence ends at ``.``, ``!``, ``?`` or an ellipsis (and their full-width forms) followed by
    a space and what can begin a sentence. Abbreviations, initials, decimals, versions, list
    numbers, URLs and addresses do not end one. A blank line, a heading and each list item begin a
    new one, whether or not the one before was closed. What holds no letter or digit counts for
    nothing.
    """
    masked = _URL.sub(_keep_end, text)
    return sum(_in_block(_MARKER.sub("", block)) for block in _BLOCK.split(masked))


def _keep_end(url: re.Match[str]) -> str:
    """A URL as one plain word; punctuation at its end belongs to the sentence."""
    end = re.search(r"[.!?…。！？,;:)\"'”’]*$", url[0])
    return "URL" + (end[0] if end else "")


def _in_block(block: str) -> int:
    count = start = 0
    for end in _TERMINATOR.finditer(block):
        if _ends(block, end) and _has_words(block[start : end.start()]):
            count += 1
            start = end.end()
    return count + _has_words(block[start:])


def _has_words(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _ends(block: str, terminator: re.Match[str]) -> bool:
    rest = block[terminator.end() :]
    if not rest.strip():
        return True
    if terminator[0][0] in _WIDE:
        return True
    if not rest[0].isspace():
        return False
    following = rest.lstrip().lstrip("\"'“‘«([*_")[:1]
    mark = terminator[0].rstrip("\"'”’»)]*_")
    if mark in {"...", "…"} or (mark != "." and set(mark) & {".", "…"}):
        return not following.islower()
    if mark != ".":
        # "Yahoo! offers", '"Really?" she asked': a small letter goes on with the sentence.
        return not following.islower()
    return not _is_abbreviation(block[: terminator.start()], following)


def _is_abbreviation(before: str, following: str) -> bool:
    found = _LAST_WORD.search(before)
    if found is None:
        return False
    word = found[0].lower().strip("’'")
    if len(word) == 1 and found[0].isupper() and following.isupper():
        return word != "i"  # an initial, as in "J. Smith"
    if word in _ALSO_WORDS:
        return following.isdigit() or (word == "no" and following.isdigit())
    if word in _MAY_END:
        return not (following.isupper())
    return word in _ABBREVIATIONS
