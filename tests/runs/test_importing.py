from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import DataErrors
from pytest_ftgate.model import CaseError, Observation, Run
from pytest_ftgate.runs.accepting import accept
from pytest_ftgate.runs.baseline import read
from pytest_ftgate.runs.importing import Imported, import_results, to_run
from pytest_ftgate.runs.store import RunStore
from pytest_ftgate.stats.flips import count_flips
from pytest_ftgate.verdicts.decide import decide
from tests.damage import damaged
from tests.stats.outcomes import LLMDRIFT, LLMDRIFT_MODELS, TAUBENCH

Lines = list[dict[str, Any]]
Write = Callable[..., Path]

NOW = "2026-10-02T08:00:00Z"
GOOD = {"case": "c1", "variant": "v1", "scores": {"correct": 1}}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.chdir(tmp_path)

    def write(*lines: object) -> Path:
        path = tmp_path / "results.jsonl"
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        path.write_text("".join(f"{text}\n" for text in texts), "utf-8")
        return path

    return write


def one(path: Path, **options: Any) -> Imported:
    (imported,) = import_results(path, "s", **options)
    return imported


def refusals(path: Path, **options: Any) -> list[str]:
    with pytest.raises(DataErrors) as caught:
        import_results(path, "s", **options)
    return [str(error).removeprefix("results.jsonl:") for error in caught.value.errors]


def outcomes(imported: Imported) -> list[str]:
    return [record.outcome for record in imported.records]


class TestLines:
    def test_a_full_line(self, write: Write) -> None:
        line = {
            "case": "c1",
            "variant": "gpt-4-0613",
            "trial": 2,
            "scores": {"correct": 1},
            "stratum": "prime",
            "tags": ["a", "b"],
            "latency_s": 1.2,
            "cost": 0.001,
        }
        imported = one(write(line))
        (record,) = imported.records
        assert (record.suite, record.variant, record.case, record.trial) == (
            "s",
            "gpt-4-0613",
            "c1",
            2,
        )
        assert (record.stratum, record.tags, record.latency_s, record.cost) == (
            "prime",
            ("a", "b"),
            1.2,
            0.001,
        )
        assert record.observations == (
            Observation(check="correct", kind="text", value=1.0, passed=True),
        )
        assert record.source == "results.jsonl:1"
        assert (record.status, record.provenance, record.usage) == ("scored", None, None)
        plan = imported.plan
        assert (plan.selected, plan.available, plan.trials) == ((("c1", 2),), 1, 3)
        assert (plan.split, plan.file, plan.primary_kpi) == ("dev", "results.jsonl", "correct")

    def test_a_short_line(self, write: Write) -> None:
        (record,) = one(write(GOOD)).records
        assert (record.trial, record.stratum, record.tags, record.latency_s, record.cost) == (
            0,
            None,
            (),
            None,
            None,
        )

    @pytest.mark.parametrize(
        ("value", "passed"), [(1, True), (0, False), (1.0, True), (True, True), (False, False)]
    )
    def test_zero_and_one_are_miss_and_hold(
        self, write: Write, value: object, passed: bool
    ) -> None:
        (seen,) = one(write({**GOOD, "scores": {"correct": value}})).records[0].observations
        assert (seen.kind, seen.passed, seen.value) == ("text", passed, float(passed))
        assert seen.reason == ("" if passed else "scored 0")

    def test_one_value_between_makes_the_score_graded_everywhere(self, write: Write) -> None:
        path = write(
            {**GOOD, "scores": {"tone": 1, "ok": 1}},
            {**GOOD, "case": "c2", "scores": {"tone": 0.5, "ok": 0}},
            {**GOOD, "variant": "v2", "scores": {"tone": 0, "ok": 1}},
        )
        first, second = import_results(path, "s")
        seen = {
            (record.variant, record.case, each.check): (each.kind, each.value, each.passed)
            for imported in (first, second)
            for record in imported.records
            for each in record.observations
        }
        assert seen == {
            ("v1", "c1", "tone"): ("score", 1.0, None),
            ("v1", "c1", "ok"): ("text", 1.0, True),
            ("v1", "c2", "tone"): ("score", 0.5, None),
            ("v1", "c2", "ok"): ("text", 0.0, False),
            ("v2", "c1", "tone"): ("score", 0.0, None),
            ("v2", "c1", "ok"): ("text", 1.0, True),
        }
        assert first.plan.primary_kpi is None

    def test_a_range_that_was_given(self, write: Write) -> None:
        path = write({**GOOD, "scores": {"stars": 1}}, {**GOOD, "case": "c2"})
        first, second = one(path, ranges={"stars": (1, 5)}).records
        assert first.observations == (
            Observation(check="stars", kind="score", value=1.0, low=1.0, high=5.0),
        )
        assert second.observations[0].kind == "text"

    def test_names_that_mean_the_same_in_an_evaluation(self, write: Write) -> None:
        scores = {"format_valid": 1, "policy": 0, "escalated": 1}
        kinds = [
            (seen.check, seen.kind, seen.passed)
            for seen in one(write({**GOOD, "scores": scores})).records[0].observations
        ]
        assert kinds == [
            ("format_valid", "format", True),
            ("policy", "policy", False),
            ("escalated", "escalation", None),
        ]

    @pytest.mark.parametrize("scores", [None, {"correct": None}, {}])
    def test_an_error(self, write: Write, scores: object) -> None:
        line = {**GOOD, "scores": scores, "error": "timeout"}
        (record,) = one(write(line)).records
        assert (record.status, record.observations) == ("error", ())
        assert record.error == CaseError(type="Imported", message="timeout")

    def test_an_error_beside_a_score(self, write: Write) -> None:
        (record,) = one(write({**GOOD, "scores": {"a": 1, "b": None}, "error": "x"})).records
        assert record.status == "error"
        assert [seen.check for seen in record.observations] == ["a"]

    def test_variants_in_their_order(self, write: Write) -> None:
        lines = [
            {**GOOD, "case": case, "variant": variant}
            for case in ("c1", "c2")
            for variant in ("zeta", "alpha", "ft:gpt-4.1-mini:team::x1", "vendor/model")
        ]
        found = import_results(write(*lines), "s")
        assert [imported.plan.variant for imported in found] == [
            "zeta",
            "alpha",
            "ft:gpt-4.1-mini:team::x1",
            "vendor/model",
        ]
        assert all(
            [record.case for record in imported.records] == ["c1", "c2"] for imported in found
        )

    def test_blank_lines_and_a_byte_order_mark(self, tmp_path: Path) -> None:
        path = tmp_path / "r.jsonl"
        path.write_bytes(b"\xef\xbb\xbf\r\n" + json.dumps(GOOD).encode() + b"\r\n\n")
        assert one(path).records[0].source == f"{path}:2"


class TestMatching:
    def test_results_of_the_same_case_match_whichever_file_they_are_from(
        self, write: Write
    ) -> None:
        first = one(write(GOOD, {**GOOD, "case": "c2"}))
        second = one(write({**GOOD, "case": "c2", "variant": "v2"}, {**GOOD, "variant": "v2"}))
        contents = [{record.case: record.content for record in each.records}
                    for each in (first, second)]  # fmt: skip
        assert contents[0] == contents[1]
        assert len(set(contents[0].values())) == 2
        assert first.plan.dataset_hash == second.plan.dataset_hash

    @pytest.mark.parametrize("change", [{"case": "c9"}, {"stratum": "hard"}])
    def test_other_cases_are_another_dataset(self, write: Write, change: dict[str, str]) -> None:
        assert (
            one(write(GOOD)).plan.dataset_hash != one(write({**GOOD, **change})).plan.dataset_hash
        )


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"case": None}, 'the case is missing. Add "case": its name.'),
            ({"case": 7}, "the case must be text, got 7. Put it in quotes."),
            ({"case": "a b"}, "the case 'a b' is not allowed. Use 1 to 64 of the characters "),
            ({"case": "x" * 65}, "the case 'xxxxxx"),
            ({"variant": ""}, "the variant '' is not allowed. Use 1 to 128 ASCII characters "),
            ({"variant": "a b"}, "the variant 'a b' is not allowed."),
            ({"trial": -1}, "the trial must be a whole number from 0, got -1. Correct it."),
            ({"trial": 0.5}, "the trial must be a whole number from 0, got 0.5."),
            ({"trial": True}, "the trial must be a whole number from 0, got True."),
            ({"trial": 10**9}, "the trial must be a whole number from 0, got 1000000000."),
            ({"scores": None}, "scores must be an object of numbers, got None. Write "),
            ({"scores": {}}, "scores must be an object of numbers, got {}."),
            ({"scores": 1}, "scores must be an object of numbers, got 1."),
            ({"scores": {"a": "1"}}, "the score 'a' must be a number, got '1'. Give a number"),
            ({"scores": {"a": 10**400}}, "the score 'a' must be a number, got 1000"),
            ({"scores": {"": 1}}, "the name of a score is ''. Use printable text."),
            ({"scores": {"a": None}}, "the score 'a' is null without an error. Add \"error\": "),
            ({"error": "x"}, "there is an error, and no score is null. Make scores null, or"),
            ({"error": "", "scores": None}, "error must be printable text, got ''."),
            ({"stratum": " x"}, "stratum must be printable text, got ' x'. Correct it, or leave"),
            ({"stratum": 3}, "stratum must be printable text, got 3."),
            ({"tags": "a"}, "tags must be a list of different printable texts, got 'a'."),
            ({"tags": ["a", "a"]}, "tags must be a list of different printable texts, got ['a'"),
            ({"tags": [1]}, "tags must be a list of different printable texts, got [1]."),
            ({"latency_s": -1}, "latency_s must be a number of at least 0, got -1. Correct it, or"),
            ({"cost": "1"}, "cost must be a number of at least 0, got '1'."),
            ({"cost": True}, "cost must be a number of at least 0, got True."),
            ({"score": 1}, "unknown key 'score'; did you mean 'scores'? Correct it."),
            ({"scores": {"a": 1.5}}, "the score 'a' is 1.5, outside of 0 to 1. Correct it, or "),
            ({"scores": {"a": -1}}, "the score 'a' is -1, outside of 0 to 1."),
        ],
    )
    def test_a_bad_value(self, write: Write, change: dict[str, Any], said: str) -> None:
        (refusal,) = refusals(write({**GOOD, "case": "c0"}, {**GOOD, **change}))
        assert refusal.startswith(f"2: {said}")

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("{", "2:2: this is not JSON: "),
            ("[]", "2: a result must be an object, got []. Write "),
            ('{"case": "c1", "case": "c2"}', "2: the key 'case' stands twice in one object."),
            ('{"case": "c1", "scores": {"a": NaN}}', "2: NaN is not a JSON number."),
            ('{"case": "c1", "scores": {"a": 1e999}}', "2: the number 1e999 is too large."),
            ("[" * 200 + "]" * 200, "2: the value is nested deeper than 100 levels."),
        ],
    )
    def test_a_bad_line(self, write: Write, line: str, said: str) -> None:
        (refusal,) = refusals(write(GOOD, line))
        assert refusal.startswith(said)

    def test_every_bad_line_is_reported(self, write: Write) -> None:
        path = write(
            {**GOOD, "scores": {"a": 7}},
            "{",
            {**GOOD, "case": "c3"},
            {**GOOD, "cost": -1, "trial": "x"},
        )
        assert [refusal.split(":")[0] for refusal in refusals(path)] == ["1", "2", "4", "4"]

    def test_a_result_twice(self, write: Write) -> None:
        path = write(GOOD, {**GOOD, "trial": 1}, {**GOOD, "variant": "v2"}, {**GOOD, "trial": 0})
        assert refusals(path) == [
            "4: the case 'c1' of 'v1' has its trial 1 on line 1 already. Remove one of them, or "
            'number them by "trial".'
        ]

    @pytest.mark.parametrize("key", ["case", "variant"])
    def test_names_that_differ_in_case_alone(self, write: Write, key: str) -> None:
        name = GOOD[key]
        other = {**GOOD, "trial": 1, key: str(name).upper()}
        assert refusals(write(GOOD, other)) == [
            f"2: the {key} {other[key]!r} is spelt {name!r} on line 1. Spell it in one way, or "
            "rename one of them."
        ]

    def test_a_case_of_two_strata(self, write: Write) -> None:
        path = write({**GOOD, "stratum": "hard"}, {**GOOD, "variant": "v2"})
        assert refusals(path) == [
            "2: the case 'c1' is of the stratum None, and of 'hard' on line 1. Give a case the "
            "same stratum everywhere."
        ]

    def test_outside_of_a_range_that_was_given(self, write: Write) -> None:
        path = write({**GOOD, "scores": {"stars": 0}})
        assert refusals(path, ranges={"stars": (1, 5)}) == [
            "1: the score 'stars' is 0, outside of 1 to 5. Correct it, or give the score's range: "
            "--range stars=LOW,HIGH."
        ]

    def test_no_result(self, write: Write) -> None:
        with pytest.raises(DataErrors, match=r"^results\.jsonl: there is no result in it\. Add at"):
            import_results(write(), "s")

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(DataErrors, match=r"there is no such file\. Check the path\."):
            import_results(tmp_path / "nowhere.jsonl", "s")

    def test_damaged_files_are_read_or_refused(self, tmp_path: Path) -> None:
        lines = [{**GOOD, "stratum": "x", "tags": ["a"]}, {**GOOD, "variant": "v2", "cost": 0.5}]
        path = tmp_path / "r.jsonl"
        for spoilt in damaged("\n".join(map(json.dumps, lines)).encode(), count=800):
            path.write_bytes(spoilt)
            with contextlib.suppress(DataErrors):
                import_results(path, "s")


class TestRuns:
    def test_an_imported_run_is_a_run_like_any_other(self, write: Write, tmp_path: Path) -> None:
        imported = one(write(GOOD, {**GOOD, "case": "c2", "scores": {"correct": 0}}))
        run = to_run(imported, "r1", NOW, versions={"pytest-ftgate": "1"})
        RunStore(tmp_path).save(run)
        back = RunStore(tmp_path).load("r1")
        assert back == run
        assert back.manifest.origin == "import"
        assert {record.run for record in back.records} == {"r1"}
        accept(back, "s", path=tmp_path / "s.jsonl", now=NOW)
        assert read(tmp_path / "s.jsonl").header.counts["passed"] == 1

    @given(
        st.dictionaries(
            st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(0, 3)),
            st.sampled_from([0, 1, None]),
            min_size=1,
        )
    )
    def test_no_result_is_lost_and_no_error_is_a_zero(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        results: dict[tuple[str, int], int | None],
    ) -> None:
        path = tmp_path_factory.mktemp("import") / "r.jsonl"
        lines = [
            {"case": case, "variant": "v", "trial": trial, "scores": {"ok": score}}
            | ({"error": "lost"} if score is None else {})
            for (case, trial), score in results.items()
        ]
        path.write_text("\n".join(map(json.dumps, lines)))
        found = {(each.case, each.trial): each.outcome for each in one(path).records}
        words = {0: "missed", 1: "passed", None: "error"}
        assert found == {key: words[score] for key, score in results.items()}


def llmdrift() -> Lines:
    """A line for each question and model."""
    lines: Lines = []
    number = 0
    for stratum, *pattern, count in LLMDRIFT:
        for _ in range(count):
            number += 1
            lines += [
                {"case": f"q{number}", "variant": model, "scores": {"correct": right},
                 "stratum": stratum}
                for model, right in zip(LLMDRIFT_MODELS, pattern, strict=True)
            ]  # fmt: skip
    return lines


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    path = tmp_path_factory.mktemp("llmdrift") / "prime.jsonl"
    path.write_text("\n".join(map(json.dumps, llmdrift())))
    return {
        imported.plan.variant: to_run(imported, f"r{number}", NOW)
        for number, imported in enumerate(import_results(path, "prime"))
    }


class TestRealResults:
    """Published outcomes give the published figures."""

    @pytest.mark.parametrize(
        ("model", "overall", "prime", "composite"),
        [
            ("gpt-3.5-turbo-0301", 0.496, 0.148, 0.844),
            ("gpt-3.5-turbo-0613", 0.762, 0.868, 0.656),
            ("gpt-4-0314", 0.840, 0.976, 0.704),
            ("gpt-4-0613", 0.511, 0.024, 0.998),
        ],
    )
    def test_llmdrift(
        self, models: dict[str, Run], model: str, overall: float, prime: float, composite: float
    ) -> None:
        (suite,) = decide(models[model]).suites
        kpi = suite.kpis[0]
        assert (kpi.name, kpi.n, kpi.value) == ("correct", 1000, overall)
        assert kpi.strata["prime"].value == prime
        assert kpi.strata["composite"].value == composite

    @pytest.mark.parametrize(
        ("old", "new", "b", "c"),
        [
            ("gpt-4-0314", "gpt-4-0613", 476, 147),
            ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613", 153, 419),
        ],
    )
    def test_flips(self, models: dict[str, Run], old: str, new: str, b: int, c: int) -> None:
        before, now = (
            {record.content: record.outcome == "passed" for record in models[name].records}
            for name in (old, new)
        )
        flips = count_flips([now[key] for key in before], list(before.values()))
        assert (flips.b, flips.c) == (b, c)

    def test_taubench(self, tmp_path: Path) -> None:
        lines = [
            {"case": f"airline-{case}", "variant": "gpt-4o", "trial": trial,
             "scores": {"solved": int(solved)}}
            for case, pattern in enumerate(TAUBENCH.split())
            for trial, solved in enumerate(pattern)
        ]  # fmt: skip
        path = tmp_path / "airline.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        (suite,) = decide(to_run(one(path), "r1", NOW)).suites
        assert (suite.cases, suite.trials, suite.received) == (50, 4, 200)
        assert suite.kpis[0].value == pytest.approx(0.42)
