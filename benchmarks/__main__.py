"""``python -m benchmarks [--quick] [name ...]``: run benchmarks, print a table, judge targets."""

from __future__ import annotations

import argparse
import importlib
import sys

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Result

NAMES = (
    "startup",
    "replay",
    "scale",
    "recording",
    "ladder",
    "gate",
    "simulate-saturation",
    "simulate-gate",
)


def main(arguments: list[str] | None = None) -> int:
    """Run the named benchmarks, or all; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, less certain")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(NAMES))
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(NAMES)}")
    results: list[Result] = []
    for name in options.names or NAMES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        module = importlib.import_module(f"benchmarks.{name.replace('-', '_')}")
        results += module.run(quick=options.quick)
    Console(width=100).print(_table(results))
    return 1 if any(result.missed for result in results) else 0


def _table(results: list[Result]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("measured")
    for heading in ("median", "lowest to highest", "target"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for result in results:
        table.add_row(
            result.name,
            f"{result.value:.2f} {result.unit}",
            f"{min(result.samples):.2f} to {max(result.samples):.2f}",
            _target(result),
            _word(result),
        )
    return table


def _target(result: Result) -> str:
    if result.at_most is not None:
        return f"at most {result.at_most:g}"
    if result.at_least is not None:
        return f"at least {result.at_least:g}"
    return ""


def _word(result: Result) -> str:
    if result.at_most is None and result.at_least is None:
        return ""
    return "MISSED" if result.missed else "met"


if __name__ == "__main__":
    sys.exit(main())
