# ruff: noqa: RUF001
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.checks.rules.terms import misspelt_terms

TERMS = ["CloudSync Pro", "DataVault", "Q-Box", "O'Neil Drive"]


def found(text: str) -> list[tuple[str, str]]:
    return list(misspelt_terms(text, TERMS))


@pytest.mark.parametrize(
    "text",
    [
        "CloudSync Pro",
        "the CloudSync Pro, DataVault.",
        "CloudSync Pro's and two DataVaults and DataVaults' lids",
        "CloudSync\nPro",
        "**CloudSync Pro** _DataVault_ (Q-Box)",
        "O’Neil Drive",
        "I like CloudSync. Pro tip: use it",
        "cloud computing for professionals",
        "data in a vault of ours",
        "CloudSync",
        "",
    ],
)
def test_exact_names_and_other_words_are_left_in_peace(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "got", "term"),
    [
        ("try cloudsync pro!", "cloudsync pro", "CloudSync Pro"),
        ("CLOUDSYNC PRO", "CLOUDSYNC PRO", "CloudSync Pro"),
        ("CloudSyncPro", "CloudSyncPro", "CloudSync Pro"),
        ("CloudSync-Pro", "CloudSync-Pro", "CloudSync Pro"),
        ("Cloud Sync Pro", "Cloud Sync Pro", "CloudSync Pro"),
        ("Cloud\nSync  Pro", "Cloud\nSync  Pro", "CloudSync Pro"),
        ("CloudSynk Pro", "CloudSynk Pro", "CloudSync Pro"),
        ("CloudSyn Pro", "CloudSyn Pro", "CloudSync Pro"),
        ("CloudSyncc Pro", "CloudSyncc Pro", "CloudSync Pro"),
        ("Data Vaults", "Data Vaults", "DataVault"),
        ("a DataVaul", "DataVaul", "DataVault"),
        ("QBox", "QBox", "Q-Box"),
        ("q-box", "q-box", "Q-Box"),
        ("Oneil Drive", "Oneil Drive", "O'Neil Drive"),
    ],
)
def test_near_spellings_are_found(text: str, got: str, term: str) -> None:
    assert (got, term) in found(text)


def test_short_names_are_found_by_their_letters_only() -> None:
    assert found("a Q-Bax") == []


def test_each_misspelling_is_reported_once() -> None:
    assert found("datavault datavault Datavault") == [
        ("datavault", "DataVault"),
        ("Datavault", "DataVault"),
    ]


def test_a_listed_name_near_another_is_itself() -> None:
    assert list(misspelt_terms("Series 100 and Series 200", ["Series 100", "Series 200"])) == []
    assert list(misspelt_terms("Series 300", ["Series 100", "Series 200"])) == [
        ("Series 300", "Series 100")
    ]


def test_terms_without_letters_find_nothing() -> None:
    assert list(misspelt_terms("anything -- at all", ["--"])) == []


@given(st.text(max_size=60))
def test_the_exact_name_is_never_a_finding(text: str) -> None:
    findings = [got for got, _ in found(f"{text} . DataVault . {text}")]
    assert "DataVault" not in findings
