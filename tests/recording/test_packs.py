"""The pack format: what is written comes back, and damage is told with its place."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from pytest_ftgate.errors import DataError
from pytest_ftgate.recording import bodies, lines, packs
from pytest_ftgate.recording.bodies import Body
from pytest_ftgate.recording.lines import (
    Answer,
    Event,
    Interaction,
    Status,
    StoredRequest,
    StoredResponse,
    TaskTime,
)
from pytest_ftgate.recording.parts import PartWriter

KEY = "0123456789abcdef" * 2
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
HEADERS = st.dictionaries(TEXT, st.lists(TEXT))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)
BODIES = st.binary().map(bodies.store) | st.dictionaries(TEXT, JSON).map(
    lambda value: bodies.store(json.dumps(value).encode())
)


@st.composite
def interactions(draw: st.DrawFn) -> Interaction:
    failed = draw(st.booleans())
    return Interaction(
        k=KEY,
        case=draw(TEXT),
        trial=draw(st.integers(0, 9)),
        seq=draw(st.integers(0, 999)),
        recorded_at=draw(st.none() | TEXT),
        elapsed_s=draw(st.none() | st.floats(0, 100)),
        request=StoredRequest(draw(TEXT), draw(TEXT), draw(HEADERS), draw(st.none() | BODIES)),
        response=UNSET
        if failed
        else StoredResponse(Status(draw(st.integers(100, 599))), draw(HEADERS), draw(BODIES)),
        event=Event("reset", draw(TEXT), draw(TEXT)) if failed else UNSET,
    )


def interaction(case: str = "c1", trial: int = 0, seq: int = 0, text: str = "") -> bytes:
    body = Body(string=text)
    return lines.encode(
        Interaction(
            k=KEY,
            case=case,
            trial=trial,
            seq=seq,
            request=StoredRequest("GET", "https://example.com/", {}),
            response=StoredResponse(Status(200, "OK"), {}, body),
        )
    )


def task(case: str = "c1", elapsed_s: float = 1.0) -> bytes:
    return lines.encode(TaskTime(case=case, trial=0, elapsed_s=elapsed_s))


def texts(pack: packs.Pack) -> list[str]:
    return [str(entry.parse(Answer).response.body.string) for entry in pack]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "v1.jsonl"


@given(line=interactions())
def test_an_interaction_comes_back_as_it_was(line: Interaction) -> None:
    data = lines.encode(line)
    assert data.endswith(b"\n")
    assert b"\n" not in data[:-1]
    assert data.startswith(b'{"k":"' + KEY.encode() + b'"')
    assert lines.decode(data, Interaction) == line
    assert lines.head_of(data, 0, len(data) - 1) == (KEY, line.case, line.trial, line.seq)


@given(data=st.binary())
def test_bytes_of_any_kind_come_back(data: bytes) -> None:
    stored = msgspec.json.decode(msgspec.json.encode(bodies.store(data)), type=Body)
    if stored.json is UNSET:
        assert stored.to_bytes() == data
    else:
        assert json.loads(stored.to_bytes()) == json.loads(data)


@given(value=st.lists(JSON) | st.dictionaries(TEXT, JSON))
def test_json_comes_back_with_its_members_in_order(value: object) -> None:
    stored = bodies.store(json.dumps(value, indent=3).encode())
    assert stored.json is not UNSET
    assert json.dumps(json.loads(stored.to_bytes())) == json.dumps(value)


def test_json_keeps_the_spelling_of_its_numbers() -> None:
    data = b'{"a":1.0,"b":1e2,"c":0.10,"d":123456789012345678901234567890,"a":2}'
    assert bodies.store(data).to_bytes() == data


@pytest.mark.parametrize("data", [b'{"a": NaN}', b'{"a": 1e999}', b"[" * 500 + b"]" * 500, b"{x"])
def test_what_is_not_quite_json_stays_text(data: bytes) -> None:
    assert bodies.store(data) == Body(string=data.decode())


def test_the_stopwatch_of_a_server_is_not_stored() -> None:
    body = b'{"id":"1","timings":{"ms":1.5},"choices":[{"timings":2}]}'
    assert bodies.drop_volatile(body) == b'{"id":"1","choices":[{"timings":2}]}'
    stream = b'data: {"id":"1"}\n\ndata: {"timings":{"ms":1},"id":"2"}\n\ndata: [DONE]\n\n'
    assert bodies.drop_volatile(stream) == stream.replace(b'"timings":{"ms":1},', b"")
    assert bodies.drop_volatile(b'"timings" in text') == b'"timings" in text'


def test_the_fields_stand_in_the_order_that_the_format_promises(path: Path) -> None:
    line = json.loads(interaction())
    assert list(line)[:4] == ["k", "case", "trial", "seq"]


def test_lines_are_sorted_and_the_time_of_a_task_follows_its_calls(path: Path) -> None:
    path.write_bytes(
        task("b") + interaction("b", seq=1) + interaction("a", 1) + interaction("b") + task("a")
    )
    writer = PartWriter(path, "gw0")
    writer.append([interaction("a"), interaction("b", seq=2)])
    writer.close()
    assert packs.merge_parts(path) is True
    assert path.read_bytes() == b"".join(
        [
            interaction("a"),
            task("a"),
            interaction("a", 1),
            interaction("b"),
            interaction("b", seq=1),
            interaction("b", seq=2),
            task("b"),
        ]
    )
    assert list(path.parent.iterdir()) == [path]
    assert packs.merge_parts(path) is False


def test_a_missing_pack_is_empty(path: Path) -> None:
    assert list(packs.read(path)) == []
    assert packs.merge_parts(path) is False


def test_lines_spelled_by_hand_are_read(path: Path) -> None:
    line = json.loads(interaction(case='a"b\\ü', text="hello"))
    spaced = {"trial": line.pop("trial"), **line}
    path.write_text(f"\ufeff{json.dumps(spaced)}\r\n\r\n", encoding="utf-8")
    (entry,) = packs.read(path)
    assert entry.head == (KEY, 'a"b\\ü', 0, 0)
    assert texts(packs.read(path)) == ["hello"]


def test_a_last_line_without_its_newline_is_read(path: Path) -> None:
    path.write_bytes(interaction().rstrip())
    assert len(list(packs.read(path))) == 1


def test_a_pack_cut_at_any_byte_is_read_or_refused_with_its_line(path: Path) -> None:
    first, second = interaction("a", text="é"), interaction("b")
    whole = first + second
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        if length in (0, len(first), len(first) - 1, len(whole), len(whole) - 1):
            assert len(list(packs.read(path))) == (length > 0) + (length >= len(whole) - 1)
            continue
        with pytest.raises(DataError) as refused:
            packs.read(path)
        assert refused.value.line == (1 if length < len(first) else 2)
        assert "cut off" in refused.value.reason
        assert "version control" in refused.value.advice


def test_a_part_cut_at_any_byte_gives_its_whole_lines(path: Path) -> None:
    path.write_bytes(interaction("z"))
    part = path.with_name("v1.jsonl.gw0-1-ab.part")
    first, second = interaction("a", text="é"), interaction("b")
    whole = first + second
    for length in range(len(whole) + 1):
        part.write_bytes(whole[:length])
        expected = ["z"]
        if length >= len(first):
            expected.insert(0, "a")
        if length == len(whole):
            expected.insert(1, "b")
        assert [entry.head.case for entry in packs.read(path)] == expected


@pytest.mark.parametrize("cut", range(0, 400, 13))
def test_a_replacement_cut_short_leaves_the_old_recording(cut: int, path: Path) -> None:
    path.write_bytes(interaction(text="old") + interaction("other", text="kept"))
    block = lines.encode(lines.Replace(case="c1", trial=0, lines=2))
    block += interaction(seq=1, text="new") + task()
    part = path.with_name("v1.jsonl.main-1-ab.part")
    part.write_bytes(block[: len(block) - 1 - cut])
    assert texts(packs.read(path)) == ["old", "kept"]
    part.write_bytes(block)
    assert texts(packs.read(path)) == ["new", "kept"]
    packs.merge_parts(path)
    assert texts(packs.read(path)) == ["new", "kept"]


def test_merging_what_was_merged_already_changes_nothing(path: Path) -> None:
    block = [interaction(), interaction(seq=1), task()]
    path.write_bytes(b"".join(block))
    path.with_name("v1.jsonl.gw0-1-ab.part").write_bytes(b"".join(block))
    before = path.stat().st_mtime_ns
    packs.merge_parts(path)
    assert path.read_bytes() == b"".join(block)
    assert path.stat().st_mtime_ns == before
    assert list(path.parent.iterdir()) == [path]


def test_the_part_of_a_living_process_is_left_to_it(path: Path) -> None:
    living, ended = PartWriter(path, "gw0"), PartWriter(path, "gw1")
    living.append([interaction("a")])
    ended.append([interaction("b")])
    ended.close()
    assert packs.merge_parts(path) is True
    assert [entry.head.case for entry in packs.read(path)] == ["a", "b"]
    assert path.read_bytes() == interaction("b")
    living.append([interaction("c")])
    living.close()
    packs.merge_parts(path)
    assert path.read_bytes() == interaction("a") + interaction("b") + interaction("c")


def test_a_later_part_tells_the_time_of_a_task(path: Path) -> None:
    path.write_bytes(interaction() + task(elapsed_s=1))
    path.with_name("v1.jsonl.gw0-1-ab.part").write_bytes(task(elapsed_s=2))
    packs.merge_parts(path)
    assert path.read_bytes() == interaction() + task(elapsed_s=2)


def test_equal_packs_are_not_told_apart_by_the_parts_of_another(tmp_path: Path) -> None:
    (tmp_path / "v1.jsonl").write_bytes(interaction("a"))
    (tmp_path / "v10.jsonl.gw0-1-ab.part").write_bytes(interaction("b"))
    assert len(list(packs.read(tmp_path / "v1.jsonl"))) == 1


GOOD = interaction().decode().rstrip()
DAMAGE = {
    "conflict": ("<<<<<<< HEAD\n" + GOOD, 1, "merge conflict"),
    "conflict in the middle": (GOOD + "\n=======\n", 2, "merge conflict"),
    "no json": (GOOD + "\nhello\n", 2, "the line is damaged"),
    "a list": ("[1]\n", 1, "the line is damaged"),
    "no case": ('{"k":"' + KEY + '","trial":0,"seq":0}\n', 1, "`case`"),
    "no seq": (GOOD.replace('"seq":0,', "") + "\n", 1, '"seq" is missing'),
    "bad key": (GOOD.replace(KEY, "zz") + "\n", 1, '"k" is'),
    "cut in the middle": (GOOD[:-9] + "\n" + GOOD + "\n", 1, "does not end with '}'"),
    "replace": ('{"k":"replace","case":"c","trial":0,"lines":1}\n', 1, "part files only"),
    "nul": (GOOD + "\n" + "\0" * 40 + "\n", 2, "the line is damaged"),
}
COLUMNS = {
    "not JSON": (b"hello", 1),
    "cut off": (GOOD[:-9].encode(), len(GOOD) - 8),
    "cut off after a letter of two bytes": ('{"k":"é"'.encode(), 9),
    "a comma for a colon": (b'{"k","x"}', 5),
    "not UTF-8": (b'{"k":"\xff","case":"a","trial":0,"seq":0}', 7),
    "of another kind": (b'{"k":1,"case":"a","trial":0}', None),
}


@pytest.mark.parametrize(("text", "line", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_told_with_its_line(text: str, line: int, reason: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refused:
        list(packs.read(path))
    assert refused.value.line == line
    assert reason in str(refused.value)
    assert str(refused.value).startswith(f"{path}:{line}:")
    assert refused.value.advice


@pytest.mark.parametrize(("line", "column"), COLUMNS.values(), ids=COLUMNS)
@pytest.mark.parametrize("after", [b"\n", b""], ids=["whole", "last"])
def test_damage_is_told_with_its_column(
    line: bytes, column: int | None, after: bytes, path: Path
) -> None:
    path.write_bytes(GOOD.encode() + b"\n" + line + after)
    with pytest.raises(DataError) as refused:
        packs.read(path)
    if after or column is None:
        assert (refused.value.line, refused.value.column) == (2, column)
    else:  # a last line without an end was cut off there
        assert (refused.value.line, refused.value.column) == (
            2,
            len(line.decode("utf-8", "replace")) + 1,
        )
    assert "byte" not in refused.value.reason


@pytest.mark.parametrize(
    "damage",
    [
        ('"status":{"code":200', '"status":{"code":"x"'),
        ('"response":{', '"response":[{'),
        ('"string":""', '"string":1'),
    ],
)
def test_damage_inside_a_line_is_told_when_it_is_parsed(
    damage: tuple[str, str], path: Path
) -> None:
    path.write_text(f"{GOOD}\n{GOOD.replace(*damage)}\n", encoding="utf-8")
    entries = list(packs.read(path))
    entries[0].parse(Answer)
    with pytest.raises(DataError) as refused:
        entries[1].parse(Answer)
    assert refused.value.line == 2


@given(data=st.binary(max_size=200))
def test_no_garbage_gets_through_as_anything_but_a_data_error(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "p.jsonl"
        path.write_bytes(interaction() + data + b"\n" + interaction("z"))
        try:
            for entry in packs.read(path):
                entry.parse(Interaction)
        except DataError:
            pass


def test_a_body_with_damaged_base64_is_refused() -> None:
    with pytest.raises(ValueError, match="base64"):
        Body(base64="not base64!").to_bytes()


def test_an_empty_body_is_no_bytes() -> None:
    assert bodies.store(b"") == Body()
    assert Body().to_bytes() == b""
    assert Body(json=Raw(b"{}")).to_bytes() == b"{}"
