from __future__ import annotations

from msgspec.structs import replace

from pytest_ftgate.model import Observation
from pytest_ftgate.runs import redact
from tests.runs.making import failed, held, missed, scored

HASH = redact.output_hash("secret text")
RECORD = scored("c1", held(), missed(reason="got 'secret'", note="n"), output="secret text")


def test_full_keeps_the_text_and_its_hash() -> None:
    kept = redact.apply(RECORD, "full")
    assert (kept.output, kept.output_hash) == ("secret text", HASH)
    assert kept.observations == RECORD.observations


def test_full_cuts_long_text_and_hashes_the_whole() -> None:
    kept = redact.apply(RECORD, "full", cap=6)
    assert (kept.output, kept.output_hash) == ("secret", HASH)


def test_hash_keeps_the_hash_and_the_reasons() -> None:
    kept = redact.apply(RECORD, "hash")
    assert (kept.output, kept.output_hash) == (None, HASH)
    assert kept.observations == RECORD.observations


def test_none_keeps_nothing_that_could_quote_the_output() -> None:
    kept = redact.apply(RECORD, "none")
    assert (kept.output, kept.output_hash) == (None, None)
    assert [seen.reason for seen in kept.observations] == ["", redact.WITHHELD]
    assert [seen.note for seen in kept.observations] == ["", redact.WITHHELD]
    assert [seen.passed for seen in kept.observations] == [True, False]


def test_none_withholds_the_message_of_an_error() -> None:
    kept = redact.apply(failed("c1"), "none")
    assert kept.error is not None
    assert (kept.error.type, kept.error.message) == ("CassetteMiss", redact.WITHHELD)


def test_a_record_without_output_is_left_alone() -> None:
    record = scored("c1", output=None)
    assert redact.apply(record, "full") == record
    assert redact.apply(record, "hash") == record


def test_a_hash_that_is_known_is_kept() -> None:
    kept = redact.apply(scored("c1", output="cut", output_hash=HASH), "full")
    assert kept.output_hash == HASH


def test_half_an_emoji_has_a_hash() -> None:
    assert len(redact.output_hash("\ud83d")) == 32


def test_words_that_may_quote_an_output_are_scrubbed() -> None:
    seen = Observation(
        check="label",
        kind="label",
        value=0.0,
        reason="got k3y",
        note="k3y",
        predicted="k3y",
        expected="a",
    )
    clean = redact.scrub(seen, lambda text: text.replace("k3y", "-"))
    assert clean == replace(seen, reason="got -", note="-", predicted="-")
    bare = Observation(check="score", kind="score", value=0.5)
    assert redact.scrub(bare, str.upper) == bare
