"""Names that must be spelt exactly as listed: near spellings are found and reported."""
# ruff: noqa: RUF001 (typographic quotes and hyphens are what is looked for)

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_WORD = re.compile(r"[^\W_]+")
_JOINT = re.compile(r"[ \t\u00a0]?[-_‐‑'’.+&/]?[ \t\u00a0]?\n?|\n")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " "})
_PLURAL = r"(?:['’]?s|['’])?"
_ONE_EDIT_FROM = 6
"""Letters from which a name is recognised with one letter wrong, missing or added."""


def plain_quotes(text: str) -> str:
    """Typographic quotes and hard spaces as their plain forms; the length stays the same."""
    return text.translate(_QUOTES)


def misspelt_terms(text: str, terms: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Near spellings of listed names, each with the name it should be.

    Near is: the same letters in another case or with other spaces and hyphens between them, and
    for names of six letters or more also one letter wrong, missing or added. A name in its exact
    spelling may carry a plural or possessive s. Each misspelling is reported once.
    """
    if not terms:
        return
    plain = plain_quotes(text)
    words = _unclaimed_words(plain, terms)
    keys = {term: _key(term) for term in terms}
    seen: set[str] = set()
    for first in range(len(words)):
        for start, end, key in _windows(plain, words, first, max(map(len, keys.values())) + 1):
            got = text[start:end]
            term = _nearest(key, keys)
            if term is not None and got not in seen:
                seen.add(got)
                yield got, term


def _unclaimed_words(plain: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """The words outside every exact occurrence of a name."""
    longest_first = sorted((plain_quotes(term) for term in terms), key=len, reverse=True)
    exact = re.compile(
        rf"(?<!\w)(?:{'|'.join(re.escape(term) for term in longest_first)}){_PLURAL}(?!\w)"
    )
    claimed = [found.span() for found in exact.finditer(plain)]
    words: list[tuple[int, int]] = []
    upcoming = 0
    for found in _WORD.finditer(plain):
        while upcoming < len(claimed) and claimed[upcoming][1] <= found.start():
            upcoming += 1
        if upcoming == len(claimed) or found.end() <= claimed[upcoming][0]:
            words.append(found.span())
    return words


def _windows(
    plain: str, words: list[tuple[int, int]], first: int, most: int
) -> Iterator[tuple[int, int, str]]:
    """Runs of words, from one word on, that are written close together."""
    start, end = words[first]
    key = plain[start:end].casefold()
    position = first
    while len(key) <= most:
        yield start, end, key
        position += 1
        if position == len(words) or not _JOINT.fullmatch(plain, end, words[position][0]):
            return
        end = words[position][1]
        key += plain[words[position][0] : end].casefold()


def _key(term: str) -> str:
    return "".join(_WORD.findall(plain_quotes(term))).casefold()


def _nearest(got: str, keys: dict[str, str]) -> str | None:
    for term, key in keys.items():
        if got == key:
            return term
    for term, key in keys.items():
        if len(key) >= _ONE_EDIT_FROM and got != key + "s" and _one_edit(got, key):
            return term
    return None


def _one_edit(one: str, two: str) -> bool:
    """Whether one replaced, added or removed letter makes the texts equal."""
    if abs(len(one) - len(two)) > 1:
        return False
    same = 0
    for left, right in zip(one, two, strict=False):
        if left != right:
            break
        same += 1
    if len(one) == len(two):
        return one[same + 1 :] == two[same + 1 :]
    longer, shorter = (one, two) if len(one) > len(two) else (two, one)
    return longer[same + 1 :] == shorter[same:]
