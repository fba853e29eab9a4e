# ruff: noqa: RUF001
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.checks.rules.sentences import count_sentences, count_words


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("   \n", 0),
        ("!!! ... ---", 0),
        ("Hello", 1),
        ("Hello.", 1),
        ("One. Two. Three.", 3),
        ("One! Two? Three", 3),
        ("Really?! Yes.", 2),
        ("ok. sure. bye.", 3),
        ("It costs 3.50 EUR. OK?", 2),
        ("Version 2.0.1 is out.", 1),
        ("See e.g. this. Done.", 2),
        ("Apples, pears, etc. are fine. Etc.", 2),
        ("Dr. Smith is here.", 1),
        ("J. Smith called. He left.", 2),
        ("John F. Kennedy spoke.", 1),
        ("Plan B. We go.", 2),
        ("The U.S. economy grew.", 1),
        ("I live in the U.S. The end.", 2),
        ("At 5 p.m. on Monday. Ok.", 2),
        ("We close at 5 p.m. The shop opens.", 2),
        ("It is No. 5. Good.", 2),
        ("No. 5 is mine.", 1),
        ("No. We do not.", 2),
        ("Answer: 42. Next.", 2),
        ("42.", 1),
        ("Wait... what?", 1),
        ("Wait... What?", 2),
        ("Hmm… yes.", 1),
        ("Yahoo! offers mail.", 1),
        ('He said "No." Then left.', 2),
        ('"Really?" she asked.', 1),
        ("(It works.) Good.", 2),
        ("**Bold.** Next.", 2),
        ("Visit https://a.b/c.d?e=f. Then call.", 2),
        ("Go to www.example.com! Now.", 2),
        ("Mail a.b@c.de. Bye.", 2),
        ("- a\n- b\n- c", 3),
        ("Steps:\n1. Open it\n2. Close it", 3),
        ("1. Open it. 2. Close it.", 2),
        ("* Done. Really.\n* Next", 3),
        ("# Title\n\nText here.", 2),
        ("Title\r\n \r\nText here.", 2),
        ("soft\nwrapped line.", 1),
        ("これはペンです。はい！", 2),
        ("Thanks :) . Bye", 2),
        ("I paid Acme Inc. for it. Done.", 2),
        ("She has a Ph.D. in physics.", 1),
    ],
)
def test_sentences_are_counted_as_a_reader_would(text: str, count: int) -> None:
    assert count_sentences(text) == count


SENTENCE = st.sampled_from(["We ship today.", "Is it 3.5 kg?", "Sorry!", "See e.g. page 2."])


@given(st.lists(SENTENCE, max_size=6), st.sampled_from([" ", "  ", "\n", "\n\n"]))
def test_joined_sentences_add_up(sentences: list[str], gap: str) -> None:
    assert count_sentences(gap.join(sentences)) == len(sentences)


@given(st.text(max_size=80), SENTENCE)
def test_one_more_sentence_never_counts_less(text: str, sentence: str) -> None:
    assert count_sentences(f"{text}\n\n{sentence}") == count_sentences(text) + 1


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "." * 1_000_000, "a@" * 500_000, "\n" * 500_000, "http://" + "a." * 500_000],
)
def test_long_runs_cost_no_more_than_their_length(text: str) -> None:
    assert count_sentences(text) <= 1


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("one", 1), ("well-known don't  3.5", 3), ("a - b – c", 3), ("été\nnaïve", 2)],
)
def test_words_are_what_stands_between_spaces(text: str, count: int) -> None:
    assert count_words(text) == count
