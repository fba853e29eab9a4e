from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.checks.policy import PolicyStore
from pytest_ftgate.checks.rules.reading import read_policy
from pytest_ftgate.errors import DataError, DataErrors, FtgateError

SOUND = "[[rule]]\nid = 'a'\nforbid = 'x'\n"


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    path = tmp_path / "policy.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FtgateError) as caught:
        read_policy(path)
    errors = caught.value.errors if isinstance(caught.value, DataErrors) else [caught.value]
    return [str(each).removeprefix(f"{path}") for each in errors]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SOUND + "forbidden = 'y'", ":4: unknown key 'forbidden'; did you mean 'forbid'? Correct or remove it."),  # noqa: E501
        (SOUND + "sverity = 'warn'", ":4: unknown key 'sverity'; did you mean 'severity'? Correct or remove it."),  # noqa: E501
        (SOUND + "severity = 'wran'", ":4: severity is \"wran\". did you mean 'warn'?"),
        (SOUND + "severity = 1", ":4: severity is 1. allowed: block, warn."),
        (SOUND + "max_words = -1", ":4: max_words is -1. write a whole number, 0 or more."),
        (SOUND + "max_words = true", ":4: max_words is true. write a whole number, 0 or more."),
        (SOUND + "max_words = 1.5", ":4: max_words is 1.5. write a whole number, 0 or more."),
        (SOUND + "require = 5", ":4: require is 5. write a string or a list of strings."),
        (SOUND + "require = [1]", ":4: require is [1]. write a string or a list of strings."),
        (SOUND + "require = []", ":4: require is empty. write at least one text, none of them empty."),  # noqa: E501
        (SOUND + "require = ''", ":4: require is empty. write at least one text, none of them empty."),  # noqa: E501
        (SOUND + "require = '('", ':4: require holds "(", which is not a regular expression: missing ) at position 1.'),  # noqa: E501
        (SOUND + "pii = ['mail']", ":4: pii names 'mail'. did you mean 'email'?"),
        (SOUND + "why = 1", ":4: why is 1. write a text."),
        (SOUND + "ignore_case = 'yes'", ':4: ignore_case is "yes". write true or false.'),
        (SOUND + "before = 'y'", ":4: before needs require. add what must come before it."),
        (SOUND + SOUND, ":5: the rule id 'a' appears twice, first in line 1."),
        ("[[rule]]\nforbid = 'x'", ":1: rule 1 has no id. give it one."),
        ("[[rule]]\nid = 'a b'\nforbid = 'x'", ':2: id is "a b". use 1 to 64 of: A-Z a-z 0-9 . _ -.'),  # noqa: E501
        ("[[rule]]\nid = 'a'", ":2: the rule asks for nothing. add one of: forbid, require, max_sentences, max_words, max_chars, allowed_terms, starts_with, pii."),  # noqa: E501
        ("", ": there is no rule. start each rule with [[rule]]."),
        ("rule = 1", ": rule is not a list of tables. start each rule with [[rule]]."),
        ("[rule]\nid = 'a'", ": rule is not a list of tables. start each rule with [[rule]]."),
        ("[[rules]]\nid = 'a'", ":1: unknown key 'rules'; did you mean 'rule'? Correct or remove it."),  # noqa: E501
        ("[[rule]]\nid = 'a", ":2: not TOML: Expected \"'\". write patterns in single quotes, where a backslash stands for itself."),  # noqa: E501
        ('[[rule]]\nforbid = ["\\b"]\nx = "\\d"', ":3:8: not TOML: Unescaped '\\' in a string. write patterns in single quotes, where a backslash stands for itself."),  # noqa: E501
        (b"\xff\xfea", ":1: this is UTF-16. Save the file as UTF-8."),
        (b"# \xe4", ":1:3: this is not UTF-8: byte 0xe4. Save the file as UTF-8."),
    ],
)  # fmt: skip
def test_a_wrong_place_is_named_with_its_line(
    tmp_path: Path, text: str | bytes, expected: str
) -> None:
    assert problems(tmp_path, text)[0] == expected


def test_all_wrong_places_are_reported_together(tmp_path: Path) -> None:
    text = SOUND + "\n[[rule]]\nid = 'b'\nforbdi = 'x'\npii = 'fax'\n"
    assert problems(tmp_path, text) == [
        ":7: unknown key 'forbdi'; did you mean 'forbid'? Correct or remove it.",
        ":8: pii names 'fax'. allowed: email, phone, card, iban.",
    ]


def test_a_misspelt_key_is_told_once(tmp_path: Path) -> None:
    assert problems(tmp_path, "[[rule]]\nid = 'a'\nforbdi = 'x'\n") == [
        ":3: unknown key 'forbdi'; did you mean 'forbid'? Correct or remove it."
    ]


def test_inline_rules_are_read_too(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text("rule = [{id = 'a', forbid = 'x', severity = 'warn'}]", "utf-8")
    (rule,) = read_policy(path).rules
    assert (rule.id, rule.severity, rule.line) == ("a", "warn", None)
    path.write_text("rule = [{id = 'a', forbidd = 'x'}]", "utf-8")
    with pytest.raises(DataErrors, match="unknown key 'forbidd'"):
        read_policy(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no\.toml: there is no such file"):
        read_policy(tmp_path / "no.toml")


def test_a_byte_order_mark_is_accepted_and_a_store_reads_once(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text("\ufeff" + SOUND, "utf-8")
    store = PolicyStore()
    assert store.load(path) is store.load(path)
    assert [rule.line for rule in store.load(path).rules] == [1]


@given(st.data())
def test_no_damage_gives_anything_but_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = (
        b"[[rule]]\nid = 'a'\nforbid = ['x', 'y+']\nmax_words = 3\npii = ['email']\n"
        b"severity = 'warn'\nwhy = \"because\"\n[[rule]]\nid = 'b'\nrequire = '''z'''\n"
    )
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, min(len(whole), start + 8)))
    insert = data.draw(st.binary(max_size=4) | st.sampled_from([b"[", b"'", b"=", b"\n", b"\x00"]))
    path = tmp_path_factory.mktemp("policy") / "policy.toml"
    path.write_bytes(whole[:start] + insert + whole[stop:])
    try:
        read_policy(path)
    except (DataError, DataErrors) as error:
        assert str(path) in str(error)  # noqa: PT017 (either outcome is fine)
