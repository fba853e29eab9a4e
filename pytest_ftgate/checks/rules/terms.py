"""Names that must be spelt exactly as listed: near spellings are found and reported."""
# ruff: noqa: RUF001 (typographic quotes and hyphens are what is looked for)

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

_WORD = re.compile(r"[^\W_]+")
_JOINT = re.compile(r"[ \t]{1,2}|[ \t]*\r?\n[ \t]*|[-_‐‑'.+&/]")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " "})
_PLURAL = r"(?:'?s|')?"
_ONE_EDIT_FROM = 6
"""Letters from which a name is recognised with one letter wrong, missing or added."""

_HEAD = 2
"""Letters at the beginning that even a near spelling gets right; they make the search fast."""


def plain_quotes(text: str) -> str:
    """Typographic quotes and hard spaces as their plain forms; the length stays the same."""
    return text.translate(_QUOTES)


def misspelt_terms(text: str, terms: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Near spellings of listed names, each with the name it should be.

    Near is: the same letters in another case or with other spaces and hyphens between them, and
    for names of six letters or more also one letter wrong, missing or added after the second. A
    name in its exact spelling may carry a plural or possessive s. Each misspelling is reported
    once.
    """
    keys: dict[str, str] = {}
    for term in terms:
        keys.setdefault(_key(term), term)
    keys.pop("", None)
    if not keys:
        return
    sizes = {len(key) + edit for key in keys for edit in (-1, 0, 1)}
    heads = {key[:size] for key in keys for size in range(1, _HEAD + 1)}
    plain = plain_quotes(text)
    words = _unclaimed_words(plain, terms)
    seen: set[str] = set()
    for first, (start, end) in enumerate(words):
        if plain[start : min(end, start + _HEAD)].casefold() not in heads:
            continue
        for stop, key in _windows(plain, words, first, max(sizes)):
            got = text[start:stop]
            if len(key) not in sizes or got in seen:
                continue
            near = _nearest(key, keys)
            if near is not None:
                seen.add(got)
                yield got, keys[near]


def _unclaimed_words(plain: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """The words outside every exact occurrence of a name."""
    longest_first = sorted((plain_quotes(term) for term in terms), key=len, reverse=True)
    exact = re.compile(
        rf"(?<![^\W_])(?:{'|'.join(map(_spaced, longest_first))}){_PLURAL}(?![^\W_])"
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


def _spaced(term: str) -> str:
    """A pattern for the term that lets a line break stand for a space."""
    return r"\s+".join(re.escape(part) for part in term.split())


def _windows(
    plain: str, words: list[tuple[int, int]], first: int, most: int
) -> Iterator[tuple[int, str]]:
    """Runs of words, from one word on, that are written close together: their ends and letters."""
    start, end = words[first]
    key = plain[start:end].casefold()
    position = first
    while len(key) <= most:
        yield end, key
        position += 1
        if position == len(words) or not _JOINT.fullmatch(plain, end, words[position][0]):
            return
        start, end = words[position]
        key += plain[start:end].casefold()


def _key(term: str) -> str:
    return "".join(_WORD.findall(plain_quotes(term))).casefold()


def _nearest(got: str, keys: Collection[str]) -> str | None:
    if got in keys:
        return got
    long_enough = (key for key in keys if len(key) >= _ONE_EDIT_FROM)
    return next((key for key in long_enough if _one_edit(got, key)), None)


def _one_edit(one: str, two: str) -> bool:
    """Whether one letter replaced, added or removed after the head makes the texts equal."""
    if abs(len(one) - len(two)) > 1 or one[:_HEAD] != two[:_HEAD]:
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
