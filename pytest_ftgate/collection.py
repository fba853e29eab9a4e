"""From the marker to the items: (variant x case x trial), their ids, and the plan of a session."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ftgate import datasets, experiments
from pytest_ftgate.errors import ConfigError, FtgateError, did_you_mean
from pytest_ftgate.iterations import SaturationRules
from pytest_ftgate.model import Case, SuitePlan, Variant
from pytest_ftgate.names import MARKER
from pytest_ftgate.runs.shards import select_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_ftgate.options import Settings

PARAM = "_ftgate_item"
ANONYMOUS_CASE = "case"
ANONYMOUS_VARIANT = "default"
_ARGUMENTS = ("dataset", "experiment", "suite", "split", "trials", "task", "must_pass")


@dataclass(frozen=True)
class Suite:
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

    @property
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


@dataclass(frozen=True)
class EvalItem:
    """What one pytest item evaluates. ``key`` is unique in a session."""

    suite: Suite
    variant: Variant
    case: Case
    trial: int

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
COLLECTOR = pytest.StashKey["Collector"]()


@dataclass
class Collector:
    """Collects the eval tests of one session; the files it reads are read once."""

    settings: Settings
    loaders: dict[str, Callable[[Path], Iterable[Case]]]
    _datasets: dict[Path, tuple[Case, ...]] = field(default_factory=dict)
    _experiments: dict[Path, experiments.Experiment] = field(default_factory=dict)
    _items: dict[tuple[str, str], tuple[EvalItem, ...]] = field(default_factory=dict)
    _variant_names: set[str] = field(default_factory=set)

    def parametrize(self, metafunc: pytest.Metafunc, marker: pytest.Mark) -> None:
        """Turn an eval test function into its items.

        Raises:
            pytest.Collector.CollectError: the marker, dataset or experiment is wrong.
        """
        definition = metafunc.definition
        try:
            suite = self._suite(definition, marker)
        except FtgateError as error:
            raise pytest.Collector.CollectError(
                f"{definition.nodeid}: @pytest.mark.{MARKER}: {error}"
            ) from None
        items = tuple(
            EvalItem(suite, variant, case, trial)
            for variant in suite.variants
            for case in suite.cases
            for trial in range(suite.trials)
        )
        self._items[_definition_key(definition)] = items
        metafunc.fixturenames.append(PARAM)
        metafunc.parametrize(
            PARAM, range(len(items)), ids=[item.id for item in items], indirect=True
        )

    def select(self, items: list[pytest.Item], config: pytest.Config) -> None:
        """Recognise the eval items among the collected ones and leave out what must not run.

        Raises:
            pytest.UsageError: an eval test is no plain pytest function, or no suite has a
                variant that was asked for.
        """
        self._check_variants()
        kept: list[pytest.Item] = []
        dropped: list[pytest.Item] = []
        for item in items:
            wanted = item.get_closest_marker(MARKER) is None or self._is_wanted(item)
            (kept if wanted else dropped).append(item)
        if self.settings.shard is not None:
            kept = _leave_to_other_shards(kept, dropped, self.settings.shard)
        if dropped:
            config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    def _is_wanted(self, item: pytest.Item) -> bool:
        if self._position(item) is None:
            raise pytest.UsageError(
                f"{item.nodeid}: @pytest.mark.{MARKER} works on pytest test functions and "
                f"methods; got a {type(item).__name__}."
            )
        target = self._adopt(item)
        if target is None:  # pytest's stand-in for a test without parameters
            return False
        return target.case.split != "holdout" or self.settings.holdout

    def _check_variants(self) -> None:
        for name in self.settings.variant:
            if name != "all" and name not in self._variant_names:
                raise pytest.UsageError(
                    f"--ftgate-variant={name}: no suite has this variant; "
                    f"{did_you_mean(name, sorted(self._variant_names))}"
                )

    def _adopt(self, item: pytest.Item) -> EvalItem | None:
        position = self._position(item)
        if not isinstance(position, int):
            return None
        found = self._items[_definition_key(item)][position]
        item.stash[ITEM] = found
        return found

    @staticmethod
    def _position(item: pytest.Item) -> object:
        callspec = getattr(item, "callspec", None)
        return callspec.params.get(PARAM) if callspec is not None else None

    def _suite(self, definition: pytest.Function, marker: pytest.Mark) -> Suite:
        arguments = _arguments(marker)
        directory = definition.path.parent
        experiment = self._experiment(directory, arguments.get("experiment"))
        split = arguments.get("split") or "dev"
        if self.settings.split or self.settings.holdout:
            split = "holdout" if self.settings.holdout else self.settings.split
        dataset, cases = self._cases(directory, arguments.get("dataset"), definition.name)
        if split == "holdout" and dataset is not None:
            _refuse_changed_holdout(dataset, cases)
        chosen = tuple(case for case in cases if case.split == split)
        if not chosen and split == "dev":
            raise ConfigError(
                f"the dataset has no case of the split 'dev'; it has "
                f"{_counts(case.split for case in cases)}. Name one with split=..."
            )
        self._variant_names |= set(experiment.variants) if experiment else {ANONYMOUS_VARIANT}
        trials = self.settings.trials or arguments.get("trials") or 1
        sample = _sample(chosen, self.settings.limit, self.settings.seed)
        return Suite(
            name=arguments.get("suite")
            or (experiment and experiment.suite)
            or definition.originalname.removeprefix("test_"),
            file=_test_file(definition),
            path=definition.path,
            split=split,
            trials=trials,
            cases=sample,
            variants=_variants(experiment, self.settings.variant),
            available=len(chosen) * trials,
            known_cases=tuple(case.id for case in cases),
            dataset=dataset,
            dataset_hash=datasets.dataset_hash(chosen),
            experiment=experiment,
            task=arguments.get("task"),
            must_pass=frozenset(arguments.get("must_pass") or ()),
        )

    def _experiment(self, directory: Path, path: Any) -> experiments.Experiment | None:
        if path is None:
            return None
        absolute = directory / path
        if absolute not in self._experiments:
            self._experiments[absolute] = experiments.load(absolute)
        return self._experiments[absolute]

    def _cases(
        self, directory: Path, source: Any, where: str
    ) -> tuple[Path | None, tuple[Case, ...]]:
        if source is None:
            return None, (Case(id=ANONYMOUS_CASE, input=""),)
        if isinstance(source, (str, Path)):
            path = directory / source
            if path not in self._datasets:
                loader = self.loaders.get(path.suffix)
                self._datasets[path] = (
                    datasets.from_objects(loader(path), str(path))
                    if loader
                    else datasets.load(path)
                )
            return path, self._datasets[path]
        return None, datasets.from_objects(source() if callable(source) else source, where)


def make_plans(items: Iterable[EvalItem]) -> tuple[SuitePlan, ...]:
    """The plan of a session: one entry per suite and variant, in the order of the items.

    Within an entry the order is that of the file, whatever order the items run in.

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
    return tuple(_plan(group) for group in groups.values())


def _leave_to_other_shards(
    items: list[pytest.Item], dropped: list[pytest.Item], shard: tuple[int, int]
) -> list[pytest.Item]:
    """The items without the eval items of other shards, which go to ``dropped``."""
    evals = [item.stash[ITEM] for item in items if ITEM in item.stash]
    mine = select_shard(((target.key, target.case.stratum) for target in evals), *shard)
    kept: list[pytest.Item] = []
    for item in items:
        here = ITEM not in item.stash or item.stash[ITEM].key in mine
        (kept if here else dropped).append(item)
    return kept


def _plan(group: list[EvalItem]) -> SuitePlan:
    suite, variant = group[0].suite, group[0].variant
    wanted = {(item.case.id, item.trial) for item in group}
    in_file_order = [
        (case.id, trial)
        for case in suite.cases
        for trial in range(suite.trials)
        if (case.id, trial) in wanted
    ]
    return suite.plan(variant, in_file_order)


def collector_of(config: pytest.Config, settings: Settings) -> Collector:
    """The session's collector, made when its first eval test is collected."""
    if COLLECTOR not in config.stash:
        loaders: dict[str, Callable[[Path], Iterable[Case]]] = {}
        for mapping in config.hook.pytest_ftgate_dataset_loaders():
            loaders = {**mapping, **loaders}
        config.stash[COLLECTOR] = Collector(settings, loaders)
    return config.stash[COLLECTOR]


def _arguments(marker: pytest.Mark) -> dict[str, Any]:
    if marker.args:
        raise ConfigError(
            f"got the positional argument {marker.args[0]!r}; all arguments are keywords: "
            f"{', '.join(_ARGUMENTS)}"
        )
    for name in marker.kwargs:
        if name not in _ARGUMENTS:
            raise ConfigError(
                f"unknown argument {name!r}; {did_you_mean(name, _ARGUMENTS)} "
                f"(allowed: {', '.join(_ARGUMENTS)})"
            )
    arguments = dict(marker.kwargs)
    trials = arguments.get("trials")
    if trials is not None and (not isinstance(trials, int) or trials < 1):
        raise ConfigError(f"trials: got {trials!r}, allowed: a whole number of at least 1")
    split = arguments.get("split")
    if split not in (None, "dev", "train", "holdout"):
        raise ConfigError(f"split: got {split!r}, allowed: dev, train, holdout")
    task = arguments.get("task")
    if task is not None and not callable(task):
        raise ConfigError(f"task: got {task!r}, allowed: a callable (case, variant) -> output")
    if isinstance(arguments.get("must_pass"), str):
        arguments["must_pass"] = (arguments["must_pass"],)
    return arguments


def _refuse_changed_holdout(dataset: Path, cases: tuple[Case, ...]) -> None:
    check = datasets.verify_lock(dataset, cases)
    if check is not None and not check.holds:
        raise ConfigError(check.reason)


def _variants(
    experiment: experiments.Experiment | None, names: tuple[str, ...]
) -> tuple[Variant, ...]:
    if experiment is None:
        if names not in ((), ("all",)) and ANONYMOUS_VARIANT not in names:
            return ()
        return (experiments.anonymous_variant(ANONYMOUS_VARIANT),)
    if not names:
        return (experiment.variants[experiment.current],)
    if "all" in names:
        return tuple(experiment.variants.values())
    return tuple(experiment.variants[name] for name in names if name in experiment.variants)


def _sample(cases: tuple[Case, ...], limit: int | None, seed: int) -> tuple[Case, ...]:
    """A stratified sample in file order; proportional, with at least one case a stratum."""
    if limit is None or limit >= len(cases):
        return cases
    strata: dict[str | None, list[int]] = defaultdict(list)
    for position, case in enumerate(cases):
        strata[case.stratum].append(position)
    generator = random.Random(seed)  # noqa: S311 - a sample, not a secret
    ranked: list[tuple[float, int]] = []
    for positions in strata.values():
        shuffled = generator.sample(positions, len(positions))
        ranked += [((rank + 0.5) / len(shuffled), at) for rank, at in enumerate(shuffled)]
    chosen = sorted(at for _, at in sorted(ranked)[:limit])
    return tuple(cases[at] for at in chosen)


def _definition_key(node: Any) -> tuple[str, str]:
    return (node.parent.nodeid, node.originalname)


def _test_file(node: pytest.Function) -> str:
    module = node.getparent(pytest.Module)
    return module.nodeid if module is not None else node.path.name


def _relative(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _counts(values: Iterable[str]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for value in values:
        counts[value] += 1
    return ", ".join(f"{count} {value!r}" for value, count in counts.items()) or "no case at all"
