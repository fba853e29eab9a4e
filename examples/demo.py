"""Replays the example suites offline and checks that they behave as the README says.

    python examples/demo.py

No key, no network, no model: every answer comes from the committed cassettes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = {
    "pytest": (sys.executable, "-m", "pytest"),
    "pytest-ftgate": (sys.executable, "-m", "pytest_ftgate"),
}
LADDERS = ("evals/test_tickets.py", "evals/test_orders.py")
SATURATION = (("orders", "not_enough_evidence"), ("tickets", "plateau"))


@dataclass(frozen=True)
class Act:
    """One command, what it shows, and what must come out of it.

    ``blocked`` are the gates that block, as (suite, gate); ``saturation`` is the verdict on each
    suite's ladder; of a long output only the last lines are shown, ``tail`` many.
    """

    title: str
    command: tuple[str, ...]
    exit_code: int
    blocked: frozenset[tuple[str, str]] = frozenset()
    saturation: tuple[tuple[str, str], ...] = ()
    json_option: str = "--ftgate-json"
    tail: int | None = None

    @property
    def typed(self) -> str:
        """The command as a reader would type it."""
        return " ".join(self.command) + (f" | tail -n {self.tail}" if self.tail else "")


ACTS = (
    Act(
        "Every suite with its current prompt. The ticket classifier misses its target.",
        ("pytest", "evals"),
        1,
        blocked=frozenset({("tickets", "label")}),
    ),
    Act(
        "A prompt that was cut to save tokens: is the order reader worse than its baseline?",
        ("pytest", "evals/test_orders.py", "--ftgate-variant=lean"),
        1,
        blocked=frozenset(
            {("orders", "fields"), ("orders", "format_valid"), ("orders", "order_id")}
        ),
    ),
    Act(
        "Every prompt that was ever tried, on the same cases.",
        ("pytest", *LADDERS, "--ftgate-variant=all", "--ftgate-no-gate"),
        0,
        saturation=SATURATION,
        tail=12,
    ),
    Act(
        "Have we exhausted prompting?",
        ("pytest-ftgate", "saturation", "--suite=tickets", "--suite=orders"),
        0,
        saturation=SATURATION,
        json_option="--json",
    ),
)


def main() -> int:
    """Play the acts; 0 when each ended as it should."""
    surprises = []
    for number, act in enumerate(ACTS, 1):
        print(f"\n\n{number}. {act.title}\n\n$ cd examples", flush=True)
        print(f"$ {act.typed}\n", flush=True)
        surprises += [f"act {number}: {surprise}" for surprise in play(act)]
    print()
    if surprises:
        print("The demonstration did not behave as documented:", *surprises, sep="\n  ")
        return 1
    print("The demonstration behaved as documented: the gates above that failed were meant to.")
    return 0


def play(act: Act) -> list[str]:
    """Run one act; what came out otherwise than it should."""
    with tempfile.TemporaryDirectory() as scratch:
        document = Path(scratch, "verdict.json")
        program, *arguments = act.command
        command = [*PROGRAMS[program], *arguments, f"{act.json_option}={document}"]
        done = subprocess.run(
            command, cwd=HERE, check=False, text=True, stdout=subprocess.PIPE if act.tail else None
        )
        if act.tail:
            print(*done.stdout.splitlines()[-act.tail :], sep="\n", flush=True)
        if not document.exists():
            return ["no verdict was written"]
        verdict = json.loads(document.read_text("utf-8"))
    blocked = {
        (suite["suite"], gate["name"])
        for suite in verdict["suites"]
        for gate in suite["gates"]
        if gate["verdict"] == "block"
    }
    saturation = [(ladder["suite"], ladder["verdict"]) for ladder in verdict["saturation"]]
    surprises = []
    if done.returncode != act.exit_code:
        surprises.append(f"exit code {done.returncode}, documented: {act.exit_code}")
    if blocked != act.blocked:
        surprises.append(f"blocked gates {sorted(blocked)}, documented: {sorted(act.blocked)}")
    if act.saturation and sorted(saturation) != sorted(act.saturation):
        surprises.append(f"saturation {sorted(saturation)}, documented: {sorted(act.saturation)}")
    if verdict["run"]["live"]:
        surprises.append(f"{verdict['run']['live']} calls were live, documented: none")
    return surprises


if __name__ == "__main__":
    sys.exit(main())
