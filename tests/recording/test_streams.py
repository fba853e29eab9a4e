"""Streams as the texts that their events bring."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.recording import streams


def sse(*events: object) -> str:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"


def same(pieces: list[str]) -> list[str]:
    return pieces


def test_pieces_are_joined_by_place() -> None:
    text = sse(
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "He"}}]},
        {"choices": [{"index": 1, "delta": {"content": "Good"}}]},
        {"choices": [{"index": 0, "delta": {"content": "llo"}}]},
        {"choices": [{"index": 1, "delta": {"content": "bye"}}]},
    )
    found = list(streams.joined(text))
    assert (".choices[].delta.content", "Hello") in found
    assert (".choices[].delta.content", "Goodbye") in found


def test_json_lines_are_a_stream_too() -> None:
    text = '{"message": {"content": "He"}}\n{"message": {"content": "llo"}}\n'
    assert list(streams.joined(text)) == [(".message.content", "Hello")]


@given(text=st.text())
def test_text_that_is_no_stream_stays_as_it_is(text: str) -> None:
    assert streams.rewrite(text, same, lambda value: value) == text


@given(
    text=st.text(min_size=1, max_size=60),
    size=st.integers(1, 9),
)
def test_events_that_change_nothing_stay_as_they_are(text: str, size: int) -> None:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    stream = sse(*({"delta": piece} for piece in pieces))
    assert streams.rewrite(stream, same, lambda value: value) == stream
    assert ("".join(pieces)) in dict(streams.joined(stream)).values()


def test_only_changed_events_are_written_anew() -> None:
    stream = 'event: a\ndata: {"x":  "one"}\n\ndata: {"x":  "two"}\n\n: comment\ndata: [1]\n\n'

    def change(pieces: list[str]) -> list[str]:
        return [piece.replace("two", "2") for piece in pieces]

    assert streams.rewrite(stream, change, lambda value: value) == stream.replace(
        '{"x":  "two"}', '{"x":"2"}'
    )


@pytest.mark.parametrize("payload", ["{broken", '{"a":' * 200 + "1" + "}" * 200])
def test_events_that_cannot_be_read_are_passed_over(payload: str) -> None:
    stream = f"data: {payload}\n\n"
    assert streams.rewrite(stream, same, lambda value: value) == stream
    assert list(streams.joined(stream)) == []
