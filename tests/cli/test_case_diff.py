"""``show --diff`` and ``-v``: how the cases that turned differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from pytest_ftgate.model import Baseline, Record, Run
from pytest_ftgate.runs import compared
from pytest_ftgate.runs.store import RunStore
from pytest_ftgate.verdicts.comparing import baseline_of
from tests.cli.conftest import Invoke, keep
from tests.runs.making import held, missed, scored
from tests.verdicts.arms import ECHO, run_of

ACCEPTED = "20261001T080000000Z-aaaaaaaa"


def answered(case: str, text: str, *, good: bool, **changes: object) -> Record:
    seen = held() if good else missed()
    return scored(case, seen, output=text, output_hash=f"hash of {text}", **changes)


BEFORE = [
    answered("a", "queue: billing\nreply: yes", good=True),
    answered("b", "queue: tech", good=False),
    answered("c", "same", good=True),
    *(answered(f"d{n}", "fine", good=True) for n in range(17)),
]
NOW = [
    answered("a", "queue: billing\nreply: \x1b[31mno", good=False),
    answered("b", "queue: sales", good=True),
    answered("c", "same", good=False),
    *(answered(f"d{n}", "fine", good=True) for n in range(17)),
]


def stored_against(now: Run, before: Baseline) -> Run:
    """Keep a run with what it was compared with."""
    keep(now)
    directory = RunStore(Path(".ftgate")).runs / now.manifest.run
    compared.keep(compared.Compared({"triage": before}, {}, {}), directory)
    return now


def accepted(*, outputs: bool) -> Baseline:
    found = baseline_of(run_of(BEFORE, gates=(ECHO,)), "triage")
    kept = [each if outputs else replace(each, output=None) for each in found.records]
    return replace(found, header=replace(found.header, run=ACCEPTED), records=tuple(kept))


def test_outputs_of_the_baseline(invoke: Invoke) -> None:
    stored_against(run_of(NOW), accepted(outputs=True))
    output = invoke("show", "--diff").output
    assert output == (
        "newly failing in triage [v1]: 2\n"
        "  a: passed before, missed now\n"
        "    now  echo: no echo\n"
        "    --- before\n"
        "    +++ now\n"
        "    @@ -1,2 +1,2 @@\n"
        "     queue: billing\n"
        "    -reply: yes\n"
        "    +reply: \\u001b[31mno\n"
        "  c: passed before, missed now\n"
        "    now  echo: no echo\n"
        "    the outputs are the same\n"
        "\n"
        "newly fixed in triage [v1]: 1\n"
        "  b: missed before, passed now\n"
        "    before  echo: no echo\n"
        "    --- before\n"
        "    +++ now\n"
        "    @@ -1 +1 @@\n"
        "    -queue: tech\n"
        "    +queue: sales\n"
        "\n"
    )


def test_a_baseline_without_outputs_says_how_to_keep_them(invoke: Invoke) -> None:
    stored_against(run_of(NOW), accepted(outputs=False))
    output = invoke("show", "--diff").output
    assert "-reply: yes" not in output
    assert "the outputs are the same" in output, "by their hashes"
    assert " ".join(output.split()).endswith(
        "The results before keep no outputs: "
        "pytest-ftgate baseline accept --outputs keeps those of a run."
    )


def test_the_run_that_was_accepted_still_has_them(invoke: Invoke) -> None:
    stored_against(run_of(NOW), accepted(outputs=False))
    before = run_of(BEFORE)
    keep(replace(before, manifest=replace(before.manifest, run=ACCEPTED)))
    assert "    -reply: yes\n" in invoke("show", "20261001T080000000Z-0123", "--diff").output


@pytest.mark.parametrize("command", ["gate", "show"])
def test_with_verbose_too(invoke: Invoke, command: str) -> None:
    stored_against(run_of(NOW), accepted(outputs=True))
    assert "    -reply: yes\n" in invoke(command, "-v").output
    assert "    -reply: yes\n" not in invoke(command).output


def test_one_case(invoke: Invoke) -> None:
    stored_against(run_of(NOW), accepted(outputs=True))
    output = invoke("show", "--diff", "--case", "b").output
    assert "newly fixed in triage [v1]: 1\n  b: missed before" in output
    assert "newly failing" not in output
    assert invoke("show", "--diff", "--case", "d3").output == (
        "Newly failing or newly fixed cases were asked for. Not among them: d3.\n"
    )


def test_without_a_baseline(invoke: Invoke) -> None:
    keep(run_of(NOW))
    output = " ".join(invoke("show", "--diff").output.split())
    assert output == (
        "The run was compared with no baseline. Compare it with another run by: "
        "pytest-ftgate compare A B -v"
    )


def test_of_several_trials_the_usual_one_speaks(invoke: Invoke) -> None:
    now = [replace(each, trial=trial) for each in NOW for trial in range(3)]
    now[0] = answered("a", "queue: billing\nreply: yes", good=True)
    stored_against(run_of(now), accepted(outputs=True))
    output = invoke("show", "--diff").output
    assert "  a: passed before, 1 of 3 trials passed now\n" in output
    assert "    --- before\n    +++ now (a#2)\n" in output
