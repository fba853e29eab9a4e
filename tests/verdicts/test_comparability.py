from __future__ import annotations

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Baseline, Record
from tests.runs.making import COMPONENT_HASHES, failed
from tests.verdicts.arms import baseline, echo, judged, records, run_of

SAME = records([1.0] * 10)


def warnings(
    now: list[Record] | tuple[Record, ...], before: Baseline, **plan: object
) -> tuple[str, ...]:
    return judged(run_of(now, **plan), before).suites[0].warnings


def components(*names: str) -> dict[str, str]:
    return {**COMPONENT_HASHES, **dict.fromkeys(names, "f" * 32)}


def test_like_with_like_needs_no_warning() -> None:
    assert warnings(SAME, baseline(SAME)) == ()
    suite = judged(run_of(SAME), baseline(SAME)).suites[0]
    assert suite.baseline is not None
    assert (suite.baseline.run, suite.baseline.variant) == ("r0", "v0")


def test_another_model() -> None:
    assert warnings(SAME, baseline(SAME, models=("gpt-4o",))) == (
        "the model changed: the baseline's answers are by gpt-4o, now by gpt-4.1-mini",
    )


def test_errors_before() -> None:
    broken = [failed(record.case) for record in SAME[:2]]
    assert warnings(SAME, baseline([*broken, *SAME[2:]])) == (
        "left out of the comparison: 2 results that ended in an error before",
    )


def test_another_judge() -> None:
    def by(judge: str) -> list[Record]:
        seen = replace(echo(1.0), kind="rubric", judge=judge)
        return [replace(record, observations=(seen,)) for record in SAME]

    assert warnings(by("new"), baseline(by("old"))) == (
        "the judge changed: echo is not measured by the same rubric and model",
    )
    assert warnings(by("old"), baseline(by("old"))) == ()


@pytest.mark.parametrize(
    ("changed", "warning"),
    [
        (("instructions",), "the prompt changed since the baseline: instructions"),
        (
            ("instructions", "params"),
            "2 things changed since the baseline (instructions, params): the difference cannot be "
            "put down to one of them",
        ),
    ],
)
def test_another_prompt(changed: tuple[str, ...], warning: str) -> None:
    assert warnings(SAME, baseline(SAME), components=components(*changed)) == (warning,)


def test_a_configured_model_is_told_once() -> None:
    found = warnings(SAME, baseline(SAME, models=("gpt-4o",)), components=components("model"))
    assert len(found) == 1
    assert found[0].startswith("the model changed")


def test_a_baseline_without_fingerprint_is_no_change() -> None:
    assert warnings(SAME, baseline(SAME, components={})) == ()


def test_another_dataset() -> None:
    before = [*SAME, replace(SAME[0], case="gone")]
    assert warnings(SAME, baseline(before)) == (
        "the dataset changed: 1 case removed; only 10 cases that stayed are compared",
    )


def test_live_against_replayed() -> None:
    live = [replace(record, provenance="live") for record in SAME]
    assert warnings(live, baseline(SAME)) == ("live answers are compared with replayed ones",)
    assert warnings(SAME, baseline(live)) == ("replayed answers are compared with live ones",)


def test_old_recordings() -> None:
    old = [replace(record, recorded_at="2026-05-01T00:00:00Z") for record in SAME]
    assert warnings(old, baseline(old)) == (
        "the oldest answer was recorded 153 days before this run",
    )
    odd = [replace(record, recorded_at="2026-05-01") for record in SAME]
    assert warnings(odd, baseline(odd)) == ()
    live = [replace(record, provenance="live") for record in old]
    assert warnings(live, baseline(live)) == ()
