"""From the eval tests of a session to its items: one per variant, case and trial."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from pytest_ftgate import datasets, experiments
from pytest_ftgate.errors import ConfigError, FtgateError, FtgateWarning, did_you_mean
from pytest_ftgate.marker import read_arguments
from pytest_ftgate.model import Case, Variant
from pytest_ftgate.names import MARKER
from pytest_ftgate.preflight import check_suite
from pytest_ftgate.runs.shards import select_shard
from pytest_ftgate.sampling import sample
from pytest_ftgate.suites import ITEM, EvalItem, Suite, make_plans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_ftgate.options import Settings

PARAM = "_ftgate_item"
ANONYMOUS_CASE = "case"
ANONYMOUS_VARIANT = "default"


COLLECTOR = pytest.StashKey["Collector"]()


class Collector(Struct):
    """Collects the eval tests of one session; the files it reads are read once."""

    settings: Settings
    loaders: dict[str, Callable[[Path], Iterable[Case]]]
    _datasets: dict[Path, tuple[Case, ...]] = field(default_factory=dict)
    _experiments: dict[Path, experiments.Experiment] = field(default_factory=dict)
    _items: dict[tuple[str, str], tuple[EvalItem, ...]] = field(default_factory=dict)
    _variant_names: set[str] = field(default_factory=set)
    _evals: list[EvalItem] = field(default_factory=list)
    waiting: list[pytest.Item] = field(default_factory=list)
    _splits: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def parametrize(self, metafunc: pytest.Metafunc, marker: pytest.Mark) -> None:
        """Turn an eval test function into its items.

        Raises:
            pytest.Collector.CollectError: the marker, dataset or experiment is wrong.
        """
        definition = metafunc.definition
        try:
            suite = self._suite(definition, marker)
            check_suite(suite, metafunc)
        except (FtgateError, FtgateWarning) as error:  # a warning, where warnings are errors
            raise pytest.Collector.CollectError(
                f"{definition.nodeid}: @pytest.mark.{MARKER}: {error}"
            ) from None
        wide = _with_room_to_confirm(suite) if self.settings.confirm else suite
        items = tuple(
            EvalItem(suite, variant, case, trial)
            if trial < suite.trials
            else EvalItem(wide, variant, case, trial, waits=True)
            for variant in suite.variants
            for case in suite.cases
            for trial in range(wide.trials)
        )
        self._items[_definition_key(definition)] = items
        if PARAM not in metafunc.fixturenames:  # as where no fixture of ours is asked for
            metafunc.fixturenames.append(PARAM)
        metafunc.parametrize(
            PARAM, range(len(items)), ids=[item.id for item in items], indirect=True
        )

    def select(self, items: list[pytest.Item], config: pytest.Config) -> None:
        """Recognise the eval items among the collected ones and leave out what must not run.

        Raises:
            pytest.UsageError: an eval test is no plain pytest function, or no suite has the
                variant or the split that was asked for.
        """
        self._check_variants()
        self._check_split()
        kept: list[pytest.Item] = []
        dropped: list[pytest.Item] = []
        for item in items:
            wanted = item.get_closest_marker(MARKER) is None or self._is_wanted(item)
            (kept if wanted else dropped).append(item)
        self._evals = [item.stash[ITEM] for item in kept if ITEM in item.stash]
        self.waiting = [item for item in kept if ITEM in item.stash and item.stash[ITEM].waits]
        if self.waiting:
            kept = [item for item in kept if ITEM not in item.stash or not item.stash[ITEM].waits]
        if self.settings.shard is not None:
            kept = _leave_to_other_shards(kept, dropped, self.settings.shard)
        if dropped:
            config.hook.pytest_deselected(items=dropped)
        items[:] = kept

    def encode_empty_plan(self) -> str:
        """The plan of a session whose eval tests all run elsewhere, as a worker sends its plan."""
        from pytest_ftgate.worker import Plan

        suites = tuple(
            msgspec.structs.replace(each, selected=()) for each in make_plans(self._evals)
        )
        return msgspec.json.encode(Plan(suites, {})).decode()

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

    def _check_split(self) -> None:
        asked = "holdout" if self.settings.holdout else self.settings.split
        if asked is None or any(asked in splits for splits in self._splits.values()):
            return
        option = "--ftgate-holdout" if asked == "holdout" else f"--ftgate-split={asked}"
        found = "; ".join(f"{name}: {_counts(splits)}" for name, splits in self._splits.items())
        raise pytest.UsageError(
            f"{option}: no suite has a case of the split {asked!r}. They have: {found}. "
            "Set the split of cases in the dataset, or divide it by: pytest-ftgate dataset split"
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
        arguments = read_arguments(marker)
        directory = definition.path.parent
        experiment = self._experiment(directory, arguments.get("experiment"))
        asked = "holdout" if self.settings.holdout else self.settings.split
        split = asked or arguments.get("split") or "dev"
        dataset, cases = self._cases(directory, arguments.get("dataset"), definition.name)
        if split == "holdout" and dataset is not None:
            _refuse_changed_holdout(dataset, cases)
        chosen = tuple(case for case in cases if case.split == split)
        if not chosen and not asked:
            raise ConfigError(
                f"the dataset has no case of the split {split!r}; it has "
                f"{_counts(case.split for case in cases)}. Name one with split=..."
            )
        self._variant_names |= set(experiment.variants) if experiment else {ANONYMOUS_VARIANT}
        trials = self.settings.trials or arguments.get("trials") or 1
        name = (
            arguments.get("suite")
            or (experiment and experiment.suite)
            or definition.originalname.removeprefix("test_")
        )
        self._splits[name] = tuple(case.split for case in cases)
        chosen_cases = sample(chosen, self.settings.limit, self.settings.seed)
        return Suite(
            name=name,
            file=_test_file(definition),
            path=definition.path,
            split=split,
            trials=trials,
            cases=chosen_cases,
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


def collector_of(config: pytest.Config, settings: Settings) -> Collector:
    """The session's collector, made when its first eval test is collected."""
    if COLLECTOR not in config.stash:
        loaders: dict[str, Callable[[Path], Iterable[Case]]] = {}
        for mapping in config.hook.pytest_ftgate_dataset_loaders():
            loaders = {**mapping, **loaders}
        config.stash[COLLECTOR] = Collector(settings, loaders)
    return config.stash[COLLECTOR]


def refuse(error: pytest.UsageError, items: list[pytest.Item], config: pytest.Config) -> None:
    """End the session for what its user did wrong.

    A worker of xdist that raises takes the session down with a traceback that does not say why:
    it reports a failed collection instead, and that it has nothing to run.

    Raises:
        pytest.UsageError: in any other process.
    """
    if not hasattr(config, "workerinput"):
        raise error
    report = pytest.CollectReport("pytest-ftgate", "failed", f"ERROR: {error}", result=[])
    config.hook.pytest_collectreport(report=report)
    items.clear()


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


def _with_room_to_confirm(suite: Suite) -> Suite:
    """The suite with as many trials of each case as the confirm step may run."""
    from pytest_ftgate.verdicts.confirming import TRIALS

    trials = max(suite.trials, TRIALS)
    return replace(suite, trials=trials, available=suite.available // suite.trials * trials)


def _definition_key(node: Any) -> tuple[str, str]:
    return (node.parent.nodeid, node.originalname)


def _test_file(node: pytest.Function) -> str:
    module = node.getparent(pytest.Module)
    return module.nodeid if module is not None else node.path.name


def _counts(values: Iterable[str]) -> str:
    counts = Counter(values)
    return ", ".join(f"{count} {value!r}" for value, count in counts.items()) or "no case at all"
