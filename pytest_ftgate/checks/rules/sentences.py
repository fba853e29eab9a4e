"""Counting sentences and words as a reader would."""
# ruff: noqa: RUF001 (typographic quotes and full-width marks are what is looked for)

from __future__ import annotations

import re

_TERMINATOR = re.compile(r"([.!?…。！？｡]+)[\"'”’»)\]*_]*")
_WIDE = frozenset("。！？｡")  # these end a sentence without a space after them
_ADDRESS = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}\w{2,24}",
    re.IGNORECASE,
)
_TAIL = re.compile(r"[.!?…。！？,;:)\"'”’]{0,8}$")
_BLOCK = re.compile(r"\n[ \t\r]*\n|\n(?=[ \t]*(?:[-*+•]|\d{1,3}[.)]|#{1,6})[ \t])")
_MARKER = re.compile(r"[ \t]*(?:[-*+•>]|\d{1,3}[.)]|#{1,6})[ \t]+")
_NEXT = re.compile(r"\s+[\"'“‘«(\[*_]*([^\W_]+)?")
_LAST_WORD = re.compile(r"[\w.’']+$")
_LONGEST_WORD = 32

_ABBREVIATIONS = frozenset(
    "mr mrs ms mx dr prof sr st mt rev hon gen col sgt capt lt gov sen rep "
    "e.g i.e eg ie cf vs viz et approx est dept nos vol figs eq ch pp ca resp incl excl tel ext "
    "a.k.a jan feb apr jun jul aug sep sept oct nov dec tue tues thu thur thurs fri".split()
)
"""They never end a sentence."""

_MAY_END = frozenset("etc inc ltd corp co al jr a.m p.m u.s u.k u.n u.s.a ph.d".split())
"""They end a sentence before a capital letter."""

_BEFORE_NUMBER = frozenset("no sec fig art p approx max min mar may".split())
"""They are abbreviations before a number, and words elsewhere."""

_OPENERS = frozenset(
    "the a an this that these those it we i you he she they there here our your my if when for "
    "to in on at and but or so please however thank thanks yes no what how why".split()
)
"""Words that begin sentences, and do not follow an initial within a name."""


def count_words(text: str) -> int:
    """The number of words: runs between spaces that hold a letter or a digit."""
    return sum(1 for word in text.split() if _has_words(word))


def count_sentences(text: str) -> int:
    """The number of sentences.

    A sentence ends at ``.``, ``!``, ``?`` or an ellipsis followed by a space, and at their
    full-width forms. Abbreviations, initials, decimals, versions, list numbers, URLs and e-mail
    addresses do not end one; neither do an ellipsis or a mark within quotes before a small
    letter. A blank line, a heading and each list item begin a new one, whether or not the one
    before was closed. What holds no letter or digit counts for nothing.
    """
    plain = _ADDRESS.sub(_as_word, text)
    return sum(_in_block(block) for block in _BLOCK.split(plain))


def _as_word(address: re.Match[str]) -> str:
    """An address as one plain word; punctuation at its end belongs to the sentence."""
    tail = _TAIL.search(address[0], max(0, len(address[0]) - 8))
    return "URL" + (tail[0] if tail else "")


def _in_block(block: str) -> int:
    marker = _MARKER.match(block)
    start = marker.end() if marker else 0
    count = 0
    for mark in _TERMINATOR.finditer(block, start):
        if _ends(block, start, mark):
            count += _has_words(block[start : mark.start()])
            start = mark.end()
    return count + _has_words(block[start:])


def _has_words(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _ends(block: str, start: int, mark: re.Match[str]) -> bool:
    """Whether the punctuation ends the sentence that began at ``start``."""
    if mark[1][0] in _WIDE or mark.end() == len(block):
        return True
    after = _NEXT.match(block, mark.end())
    if after is None:
        return False
    following = after[1] or ""
    if not following:
        return True
    if mark[1] != ".":
        return not following[0].islower()
    before = block[max(start, mark.start() - _LONGEST_WORD) : mark.start()]
    return not _continues(before, following, whole=len(before) == mark.start() - start)


def _continues(before: str, following: str, *, whole: bool) -> bool:
    """Whether a full stop between the two belongs to an abbreviation, an initial or a number."""
    found = _LAST_WORD.search(before)
    if found is None:
        return False
    word = found[0].lower().strip("’'")
    if word.isdigit():
        return whole and before.strip() == found[0] and len(word) <= 3  # "1. Open the app"
    if len(word) == 1 and found[0].isupper() and following[0].isupper():
        return following.lower() not in _OPENERS  # "J. Smith", but "Plan B. We"
    if word in _BEFORE_NUMBER and following[0].isdigit():
        return True
    if word in _MAY_END:
        return not following[0].isupper()
    return word in _ABBREVIATIONS
