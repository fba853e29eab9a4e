from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pytest_ftgate.errors import DataError, NoBaseline
from pytest_ftgate.model import Baseline, BaselineHeader, Observation, Record, Usage
from pytest_ftgate.runs.baseline import anchor_path, baseline_path, history_path, read
from pytest_ftgate.runs.baseline_lines import count_outcomes
from pytest_ftgate.runs.baseline_reading import decode_baseline
from pytest_ftgate.runs.baseline_writing import encode_baseline
from tests.damage import damaged
from tests.runs.making import COMPONENT_HASHES, held, missed, scored, skipped

LABEL = held("queue", kind="label", expected="billing", predicted="billing")
RECORDS = (
    scored("c2", held("format_valid", kind="format"), LABEL, stratum="hard", tags=("refund",)),
    scored("c1", missed("format_valid", kind="format"), cost=0.00037, cluster="doc-1", weight=2.0),
    scored("c1", held("tone", kind="score", value=0.3, passed=None), trial=1, model="other"),
    skipped("c3"),
)


def baseline_of(*records: Record, **changes: Any) -> Baseline:
    header = BaselineHeader(
        suite="triage",
        run="r1",
        variant="v1",
        accepted_at="2026-10-02T08:00:00Z",
        models=tuple(sorted({record.model for record in records if record.model})),
        cases=len({record.case for record in records}),
        counts=count_outcomes(records),
        components=COMPONENT_HASHES,
    )
    return Baseline(header=replace(header, **changes), records=records)


def kept(record: Record, *, outputs: bool = False) -> Record:
    """The record as it comes back out of a baseline."""
    record = replace(record, run="r1", components=COMPONENT_HASHES, source=None)
    if outputs:
        return record
    return replace(
        record,
        output=None,
        output_hash=None,
        observations=tuple(replace(seen, reason="", note="") for seen in record.observations),
    )


def lines_of(*records: Record, **changes: Any) -> list[str]:
    return encode_baseline(baseline_of(*records, **changes)).decode().splitlines()


class TestFormat:
    def test_a_line_reads_well(self) -> None:
        base = scored("c1", held("format_valid", kind="format"), stratum="hard", tags=("refund",))
        _, line = lines_of(base)
        assert line == (
            '{"case":"c1","trial":0,"checks":{"format_valid":true},"stratum":"hard",'
            f'"tags":["refund"],"content":"{"0" * 32}","latency_s":0.5,'
            '"tokens":{"in":100,"out":20},"attempts":1,"retries":0,"provenance":"replayed",'
            '"recorded_at":"2026-10-01T08:00:00Z"}'
        )

    def test_the_header_says_what_seldom_differs(self) -> None:
        seen = (
            held("queue", kind="label", must_pass=True),
            held("tone", kind="rubric", value=3.0, high=5.0, passed=None, judge="j1"),
        )
        header, line = lines_of(scored("c1", *seen), components={})
        assert header == (
            '{"suite":"triage","run":"r1","variant":"v1","split":"dev",'
            '"accepted_at":"2026-10-02T08:00:00Z","models":["gpt-4.1-mini"],"dataset_hash":null,'
            '"cases":1,"trials":1,'
            '"counts":{"passed":1,"missed":0,"failed":0,"error":0,"skipped":0},"components":{},'
            '"git_commit":null,"schema_version":1,"checks":{"queue":{"kind":"label",'
            '"must_pass":true},"tone":{"kind":"rubric","high":5.0,"judge":"j1"}}}'
        )
        assert '"checks":{"queue":true,"tone":3.0},' in line

    @pytest.mark.parametrize(
        ("seen", "form"),
        [
            (held(), "true"),
            (missed(reason="quotes the answer", note="so does this"), "false"),
            (held(value=0.25, passed=None), "0.25"),
            (held(value=0.25, passed=True), '{"passed":true,"value":0.25}'),
            (held(expected="a", predicted="b"), '{"passed":true,"expected":"a","predicted":"b"}'),
            (missed(expected="a"), '{"passed":false,"expected":"a"}'),
            (held(low=-1.0, must_pass=True), '{"passed":true,"low":-1.0,"must_pass":true}'),
            (held(kind="score"), '{"passed":true,"kind":"score"}'),
            (held(judge="j2"), '{"passed":true,"judge":"j2"}'),
        ],
    )
    def test_a_check_is_as_short_as_can_be(self, seen: Observation, form: str) -> None:
        lines = lines_of(scored("c0", held()), scored("c1", seen))
        assert f'"checks":{{"echo":{form}}},' in lines[2]

    def test_a_check_that_was_used_more_than_once(self) -> None:
        record = scored("c1", held(), missed("other"), missed(reason=""), held())
        _, line = lines_of(record)
        assert '"checks":{"echo":[true,false,true],"other":false},' in line
        back = decode_baseline(encode_baseline(baseline_of(record)), "b").records[0]
        assert [(seen.check, seen.value) for seen in back.observations] == [
            ("echo", 1.0),
            ("echo", 0.0),
            ("echo", 1.0),
            ("other", 0.0),
        ]

    def test_lines_are_sorted_by_case_then_trial(self) -> None:
        records = [scored(case, trial=trial) for case in ("b", "a") for trial in (10, 9)]
        starts = [line[:25] for line in lines_of(*records)[1:]]
        assert starts == [
            '{"case":"a","trial":9,"co',
            '{"case":"a","trial":10,"c',
            '{"case":"b","trial":9,"co',
            '{"case":"b","trial":10,"c',
        ]

    def test_numbers_are_exact(self) -> None:
        record = scored("c1", cost=0.1 + 0.2, latency_s=1 / 3)
        back = decode_baseline(encode_baseline(baseline_of(record)), "b").records[0]
        assert (back.cost, back.latency_s) == (0.1 + 0.2, 1 / 3)

    def test_the_only_model_stands_in_the_header_alone(self) -> None:
        header, line, none = lines_of(scored("c1"), scored("c2", model=None, provenance=None))
        assert '"models":["gpt-4.1-mini"]' in header
        assert '"model"' not in line + none

    def test_several_models_stand_on_their_lines(self) -> None:
        _, first, second = lines_of(scored("c1", model="a"), scored("c2", model="b"))
        assert '"model":"a"' in first
        assert '"model":"b"' in second

    def test_outputs_are_kept_when_asked_for(self) -> None:
        record = scored("c1", missed(reason="got “no”", note="n"), output_hash="ab")
        data = encode_baseline(baseline_of(record), outputs=True)
        assert decode_baseline(data, "b").records == (kept(record, outputs=True),)
        assert b"answer of c1" in data
        short = encode_baseline(baseline_of(record))
        assert b"answer" not in short
        assert "“no”".encode() not in short

    def test_half_an_emoji_is_stored_as_its_escape(self) -> None:
        data = encode_baseline(baseline_of(scored("c1", held(predicted="\ud83d"))))
        assert decode_baseline(data, "b").records[0].observations[0].predicted == "\\ud83d"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBER = st.none() | st.floats(0, allow_nan=False, allow_infinity=False)
COUNT = st.none() | st.integers(0, 2**53)
OBSERVATION = st.builds(
    Observation,
    check=st.sampled_from(["echo", "tone", "näme"]),
    kind=st.sampled_from(["text", "label", "score", "format"]),
    value=st.sampled_from([0.0, 1.0]) | st.floats(0, 1),
    low=st.sampled_from([0.0, -1.0]),
    high=st.sampled_from([1.0, 5.0]),
    passed=st.none() | st.booleans(),
    expected=st.none() | TEXT,
    predicted=st.none() | TEXT,
    must_pass=st.booleans(),
    judge=st.none() | TEXT,
)
RECORD = st.builds(
    Record,
    suite=st.just("triage"),
    variant=st.just("v1"),
    case=TEXT,
    trial=st.integers(0, 3),
    status=st.sampled_from(["scored", "skipped"]),
    content=st.none() | TEXT,
    stratum=st.none() | TEXT,
    tags=st.lists(TEXT, max_size=2).map(tuple),
    weight=st.sampled_from([1.0, 0.5]),
    cluster=st.none() | TEXT,
    # Uses of one check stand together: the order of different checks says nothing.
    observations=st.lists(OBSERVATION, max_size=3, unique_by=lambda seen: seen.check).map(tuple),
    usage=st.none()
    | st.builds(Usage, input_tokens=COUNT, output_tokens=COUNT, cached_tokens=COUNT),
    cost=NUMBER,
    latency_s=NUMBER,
    attempts=COUNT,
    retries=COUNT,
    provenance=st.sampled_from([None, "live", "replayed"]),
    recorded_at=st.none() | TEXT,
    model=st.sampled_from([None, "m1", "m2"]),
)


class TestRoundTrip:
    @pytest.mark.parametrize("outputs", [False, True])
    def test_every_kind_of_record(self, outputs: bool) -> None:
        baseline = baseline_of(*RECORDS)
        back = decode_baseline(encode_baseline(baseline, outputs=outputs), "b")
        assert back.header == baseline.header
        ordered = sorted(RECORDS, key=lambda record: (record.case, record.trial))
        assert back.records == tuple(kept(record, outputs=outputs) for record in ordered)

    @given(st.lists(RECORD, max_size=5, unique_by=lambda record: (record.case, record.trial)))
    def test_any_records(self, records: list[Record]) -> None:
        baseline = baseline_of(*records)
        data = encode_baseline(baseline)
        back = decode_baseline(data, "b")
        assert back.header == baseline.header
        ordered = sorted(records, key=lambda record: (record.case, record.trial))
        assert back.records == tuple(map(kept, ordered))
        assert encode_baseline(back) == data

    @given(st.permutations(RECORDS))
    def test_the_order_of_records_does_not_matter(self, records: list[Record]) -> None:
        assert encode_baseline(baseline_of(*records)) == encode_baseline(baseline_of(*RECORDS))


class TestReading:
    @pytest.fixture
    def path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        path = tmp_path / "triage.jsonl"
        path.write_bytes(encode_baseline(baseline_of(*RECORDS)))
        return path

    def test_a_file(self, path: Path) -> None:
        assert read(path).header == baseline_of(*RECORDS).header

    def test_a_missing_file(self, path: Path) -> None:
        with pytest.raises(NoBaseline) as caught:
            read(path.with_name("other.jsonl"))
        assert str(caught.value) == (
            "other.jsonl: there is no baseline. Make one of a run by: pytest-ftgate baseline accept"
        )

    def test_a_directory(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="cannot be read: Is a directory"):
            read(tmp_path)

    def test_a_byte_order_mark_and_other_line_ends(self, path: Path) -> None:
        expected = read(path)
        data = path.read_bytes()
        path.write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n") + b"\r\n")
        assert read(path) == expected

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ('"trial":1', '"trial":0', "3: trial 1 of the case 'c1' stands on line 2 already."),
            ('"trial":1', '"trial":-1', "3: trial is -1, expected 0 or more."),
            ('"weight":2.0', '"weight":0', "2: weight is 0.0, expected a number above 0."),
            ('"tone":0.3', '"tone":1.5', "3: the value of check 'tone' is 1.5, expected 0.0 to 1"),
            ('"tone":0.3', '"tone":NaN', "3:41: JSON is malformed: invalid character."),
            ('"tone":0.3', '"tone":1e999', "3: checks[...]: Number out of range."),
            ('"tone":0.3', '"tone":{}', "3: the check 'tone' has neither passed nor a value."),
            ('"tone":0.3', '"tune":0.3', "3: the header does not know the check 'tune'."),
            ('"trial":0', '"trail":0', "2: Object contains unknown field `trail`."),
            ('"passed":2', '"passed":3', "1: the header counts 3 passed, 1 missed, 1 skipped, and"),
            (":true", ":false", "1: the header counts 2 passed, 1 missed, 1 skipped, and the "),
            ('"suite":"triage",', "", "1: Object missing required field `suite`."),
            ('_version":1', '_version":2', "1: the format is version 2, and this release reads up"),
            ('{"case":"c2"', "<<<<<<< HEAD", "4: this is an unresolved merge conflict."),
            ('{"case":"c2"', '{"case":"\xff"', "4: the text is not UTF-8: invalid start byte."),
        ],
    )
    def test_damage_is_named_with_its_line(self, path: Path, old: str, new: str, said: str) -> None:
        data = path.read_bytes()
        assert old.encode() in data
        path.write_bytes(data.replace(old.encode(), new.encode("latin-1"), 1))
        with pytest.raises(DataError) as caught:
            read(path)
        assert str(caught.value).startswith(f"triage.jsonl:{said}")

    def test_what_to_do(self, path: Path) -> None:
        path.write_bytes(path.read_bytes().replace(b'"passed":2', b'"passed":3', 1))
        with pytest.raises(DataError) as caught:
            read(path)
        assert str(caught.value) == (
            "triage.jsonl:1: the header counts 3 passed, 1 missed, 1 skipped, and the lines hold "
            "2 passed, 1 missed, 1 skipped. Restore the file, or remove it and accept a run: "
            "pytest-ftgate baseline accept."
        )

    def test_a_lost_line_is_noticed(self, path: Path) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        for lost in range(len(lines)):
            path.write_bytes(b"".join(lines[:lost] + lines[lost + 1 :]))
            with pytest.raises(DataError, match=r"^triage\.jsonl:\d+: "):
                read(path)

    def test_every_truncation_is_noticed(self) -> None:
        data = encode_baseline(baseline_of(*RECORDS))
        for size in range(len(data) - 1):
            with pytest.raises(DataError, match=r"^b:\d+(:\d+)?: "):
                decode_baseline(data[:size], "b")

    def test_damaged_files_are_read_or_refused(self) -> None:
        for spoilt in damaged(encode_baseline(baseline_of(*RECORDS)), count=1500):
            with contextlib.suppress(DataError):
                decode_baseline(spoilt, "b")

    def test_a_dataset_is_no_baseline(self, path: Path) -> None:
        path.write_text('{"id": "c1", "input": "x"}\n')
        with pytest.raises(DataError, match=r"^triage\.jsonl:1: Object "):
            read(path)


class TestPaths:
    def test_beside_each_other(self) -> None:
        path = baseline_path(Path("evals/baselines"), "triage")
        assert path == Path("evals/baselines/triage.jsonl")
        assert anchor_path(path) == Path("evals/baselines/triage.anchor.jsonl")
        assert history_path(path) == Path("evals/baselines/triage.history.jsonl")

    def test_a_hostile_suite_stays_inside(self) -> None:
        path = baseline_path("baselines", "../../etc/passwd")
        assert path.parent == Path("baselines")
        assert path.suffix == ".jsonl"

    def test_a_file_of_another_suffix(self) -> None:
        assert anchor_path("old.json") == Path("old.json.anchor.jsonl")
