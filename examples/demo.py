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


@dataclass(frozen=True)
class Act:
    """One command, what it shows, and what must come out of it."""

    title: str
    arguments: tuple[str, ...]
    exit_code: int
    blocked: frozenset[tuple[str, str]]


ACTS = (
    Act(
        "Every suite with its current prompt. The ticket classifier misses its target.",
        ("evals",),
        1,
        frozenset({("tickets", "label")}),
    ),
    Act(
        "A prompt that was cut to save tokens: does the order reader still work?",
        ("evals/test_orders.py", "--ftgate-variant=lean"),
        1,
        frozenset({("orders", "fields"), ("orders", "format_valid"), ("orders", "order_id")}),
    ),
)


def main() -> int:
    """Play the acts; 0 when each ended as it should."""
    surprises = []
    for number, act in enumerate(ACTS, 1):
        print(f"\n\n{number}. {act.title}\n\n$ cd examples", flush=True)
        print(f"$ pytest {' '.join(act.arguments)}\n", flush=True)
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
        command = [sys.executable, "-m", "pytest", *act.arguments, f"--ftgate-json={document}"]
        done = subprocess.run(command, cwd=HERE, check=False)
        if not document.exists():
            return ["no verdict was written"]
        verdict = json.loads(document.read_text("utf-8"))
    blocked = {
        (suite["suite"], gate["name"])
        for suite in verdict["suites"]
        for gate in suite["gates"]
        if gate["verdict"] == "block"
    }
    surprises = []
    if done.returncode != act.exit_code:
        surprises.append(f"exit code {done.returncode}, documented: {act.exit_code}")
    if blocked != act.blocked:
        surprises.append(f"blocked gates {sorted(blocked)}, documented: {sorted(act.blocked)}")
    if verdict["run"]["live"]:
        surprises.append(f"{verdict['run']['live']} calls were live, documented: none")
    return surprises


if __name__ == "__main__":
    sys.exit(main())
