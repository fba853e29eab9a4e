"""What a session evaluates: suites, the items they consist of, and the plan of all of it."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Struct

from pytest_ftgate import experiments
from pytest_ftgate.errors import ConfigError
from pytest_ftgate.iterations import SaturationRules
from pytest_ftgate.model import Case, SuitePlan, Variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Suite(Struct, frozen=True, dict=True):
    """One eval test function: what its marker says, with every path resolved.

    ``available`` is the number of (case, trial) that the split holds for one variant, before any
    sampling or selection; ``known_cases`` are the ids of the whole dataset. ``file`` is the test
    file as node ids name it, ``path`` where it lies.
    """

    name: str
    file: str
    path: Path
    split: str
    trials: int
    cases: tuple[Case, ...]
    variants: tuple[Variant, ...]
    available: int
    known_cases: tuple[str, ...] = ()
    dataset: Path | None = None
    dataset_hash: str | None = None
    experiment: experiments.Experiment | None = None
    task: Callable[..., Any] | None = None
    must_pass: frozenset[str] = frozenset()

    @cached_property
    def directory(self) -> Path:
        """Where the test file lies; what its relative paths start from."""
        return self.path.parent

    def plan(self, variant: Variant, selected: Sequence[tuple[str, int]]) -> SuitePlan:
        """What the session is going to do for one variant of this suite."""
        experiment = self.experiment
        return SuitePlan(
            suite=self.name,
            variant=variant.name,
            split=self.split,
            file=self.file,
            selected=tuple(selected),
            available=self.available,
            trials=self.trials,
            dataset=_relative(self.dataset),
            dataset_hash=self.dataset_hash,
            experiment=_relative(experiment.path) if experiment else None,
            primary_kpi=experiment.primary_kpi if experiment else None,
            current=self._is_candidate(variant),
            parent=variant.parent,
            change=variant.change,
            components=variant.components,
            gates=experiment.gates if experiment else (),
            prices=experiment.prices if experiment else {},
            kind=variant.kind,
            order=tuple(experiment.variants) if experiment else (),
            shipped=experiment.current if experiment else None,
            saturation=experiment.saturation if experiment else SaturationRules(),
        )

    def _is_candidate(self, variant: Variant) -> bool:
        """Whether gates judge the variant: the current one, or the one that was asked for alone."""
        if self.experiment is None or len(self.variants) == 1:
            return True
        return variant.name == self.experiment.current


class EvalItem(Struct, frozen=True):
    """What one pytest item evaluates. ``key`` is unique in a session.

    ``waits`` marks a trial that is only run to confirm a drop.
    """

    suite: Suite
    variant: Variant
    case: Case
    trial: int
    waits: bool = False

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Suite, variant, case id and trial."""
        return (self.suite.name, self.variant.name, self.case.id, self.trial)

    @property
    def id(self) -> str:
        """The item's id within its test function."""
        repeat = f"#{self.trial + 1}" if self.trial else ""
        return f"{self.variant.name}-{self.case.id}{repeat}"


ITEM = pytest.StashKey[EvalItem]()


def make_plans(items: Iterable[EvalItem]) -> tuple[SuitePlan, ...]:
    """The plan of a session: one entry per suite and variant.

    Suites are in the order of their files and names, variants in that of the experiment, cases in
    that of the dataset, whatever order the items run in.

    Raises:
        ConfigError: two items evaluate the same (suite, variant, case, trial).
    """
    groups: dict[tuple[str, str], list[EvalItem]] = defaultdict(list)
    seen: dict[tuple[str, str, str, int], str] = {}
    for item in items:
        if item.key in seen:
            raise ConfigError(
                f"suite {item.suite.name!r}: case {item.case.id!r} of variant "
                f"{item.variant.name!r} is collected twice ({seen[item.key]}, {item.suite.file}). "
                "Give each eval test its own suite=..., and put what a test varies into its "
                "dataset or experiment instead of another parametrize."
            )
        seen[item.key] = item.suite.file
        groups[item.suite.name, item.variant.name].append(item)
    return tuple(_plan(group) for group in sorted(groups.values(), key=_position))


def _position(group: list[EvalItem]) -> tuple[str, str, int]:
    suite, variant = group[0].suite, group[0].variant
    return suite.file, suite.name, list(suite.variants).index(variant)


def _plan(group: list[EvalItem]) -> SuitePlan:
    suite = max((item.suite for item in group), key=lambda suite: suite.trials)
    variant = group[0].variant
    wanted = {(item.case.id, item.trial) for item in group}
    in_file_order = [
        (case.id, trial)
        for case in suite.cases
        for trial in range(suite.trials)
        if (case.id, trial) in wanted
    ]
    return suite.plan(variant, in_file_order)


def _relative(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()
