from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate import datasets
from pytest_ftgate.datasets.csv_rows import guard, unguard
from pytest_ftgate.errors import DataErrors
from pytest_ftgate.model import Case


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cases.csv"


def load(path: Path, text: str) -> tuple[Case, ...]:
    path.write_bytes(text.encode())
    return datasets.load(path)


def problem(path: Path, text: str) -> str:
    with pytest.raises(DataErrors) as caught:
        load(path, text)
    return str(caught.value)


def test_columns_become_keys(path: Path) -> None:
    cases = load(
        path,
        "id,input.message,input.customer.name,expected.queue,expected.total:json,tags,stratum,"
        "split,weight,cluster,metadata.note\r\n"
        'a,"hi, ""you""\nthere",Kim,billing,3.5,refund; angry,hard,train,2,t1,n\r\n'
        "b,007,,tech,,,,,,,\r\n",
    )

    assert cases == (
        Case(
            id="a",
            input={"message": 'hi, "you"\nthere', "customer": {"name": "Kim"}},
            expected={"queue": "billing", "total": 3.5},
            tags=("refund", "angry"),
            stratum="hard",
            split="train",
            weight=2.0,
            cluster="t1",
            metadata={"note": "n"},
            source="cases.csv:2",
        ),
        Case(id="b", input={"message": "007"}, expected={"queue": "tech"}, source="cases.csv:4"),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_byte_order_mark(path: Path, separator: str) -> None:
    text = separator.join(("\ufeffid", "input", "expected")) + "\n" + separator.join("axy") + "\n"

    assert load(path, text) == (Case(id="a", input="x", expected="y", source="cases.csv:2"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cases.csv:1: the file is empty. Start it with a header: id,input,..."),
        ("id,input\n", "cases.csv: there is no case in it. "
         "Add at least one: an empty set proves nothing."),
        ("id,input,stratun\na,x,y", "cases.csv:1: unknown column 'stratun'; did you mean "
         "'stratum'? Correct it, or name it metadata.something."),
        ("id,input,tags.x\na,x,y", "cases.csv:1: the column 'tags.x' names a key of tags. "
         "Only input, expected, metadata have keys: input.message."),
        ("id,input,input.x\na,x,y", "cases.csv:1: the columns 'input' and 'input.x' hold the same "
         "value. Remove one of them."),
        ("id,input,input:json\na,x,y", "cases.csv:1: the columns 'input' and 'input:json' hold "
         "the same value. Remove one of them."),
        ("id,input\na,x\nb,y,z", "cases.csv:3: the row has 3 cells, the header 2. "
         "Quote cells that hold the separator, a quote or a line break."),
        ("id,input:json\na,{x}", "cases.csv:2: column 'input:json': this is not JSON: expecting "
         "property name enclosed in double quotes, got 'x'. Write text in quotes here, or name "
         "the column 'input'."),
        ("id,input,weight\na,x,many", "cases.csv:2: column 'weight': this is not JSON: expecting "
         "value, got 'm'. Write a number."),
        ("id,input\na,x\nA,y", "cases.csv:3: the id 'A' is that of line 2, which has it as 'a'. "
         "Rename one of them."),
        ('id,input\na,"x', "cases.csv:2: this is not CSV: unexpected end of data. "
         "Put the cell in double quotes and double the quotes within it."),
        ("id,input\na,", 'cases.csv:2: the input is missing. Add "input": text, an object or chat '
         "messages."),
    ],
)  # fmt: skip
def test_what_is_refused(path: Path, text: str, message: str) -> None:
    assert problem(path, text) == message


def test_large_cells_are_read_and_the_limit_of_the_process_is_left_alone(path: Path) -> None:
    before = csv.field_size_limit()

    (case,) = load(path, f"id,input\na,{'x' * 200_000}\n")

    assert len(case.input) == 200_000
    assert csv.field_size_limit() == before


@given(st.text(alphabet="'=+-@\t\r\n\uff1dab"))
def test_guards_are_reversible_and_disarm(cell: str) -> None:
    assert unguard(guard(cell)) == cell
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))


def test_tags_may_be_a_json_list(path: Path) -> None:
    (case,) = load(path, 'id,input,tags\na,x,"[""a;b"", ""c,d""]"\n')

    assert case.tags == ("a;b", "c,d")


class TestExport:
    def test_formulas_are_written_behind_an_apostrophe(self, path: Path) -> None:
        cases = (
            Case(id="-1", input="=HYPERLINK(1)", expected="'+1"),
            Case(id="b", input="plain - text", expected="it's"),
        )

        datasets.dump(cases, path)

        assert path.read_text(encoding="utf-8").splitlines() == [
            "id,input,expected,split",
            "'-1,'=HYPERLINK(1),''+1,dev",
            "b,plain - text,it's,dev",
        ]

    def test_values_that_are_no_text_get_a_json_column(self, path: Path) -> None:
        cases = (
            Case(id="a", input={"n": 1, "t": "x", "d": {"deep": "1"}}, tags=("u", "v")),
            Case(id="b", input={"n": "1", "t": "y"}, tags=("w;x",), weight=0.5),
        )

        datasets.dump(cases, path)

        assert path.read_text(encoding="utf-8").splitlines() == [
            "id,input.n:json,input.t,input.d.deep,tags,split,weight",
            "a,1,x,1,u;v,dev,",
            'b,"""1""",y,,"[""w;x""]",dev,0.5',
        ]
