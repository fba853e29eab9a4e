"""The two sides of ``pytest-ftgate compare``: what ``A`` and ``B`` name, read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from msgspec import Struct, field

from pytest_ftgate.errors import ConfigError, DataError, StoreError, did_you_mean, shown_path

if TYPE_CHECKING:
    from pytest_ftgate.model import Run
    from pytest_ftgate.runs.store import RunStore

_UNNAMED_SUITE = "results"


class Arm(NamedTuple):
    """One side: a run, or the pooled trials of several, and which of its variants is meant."""

    run: Run
    variant: str | None


class Arms(Struct):
    """Reads sides; a run that stands on both is read once.

    Args:
        store: where run ids and variants are looked for.
        suites: the suites that were asked for; results of a file are taken as the first one's.
    """

    store: RunStore
    suites: tuple[str, ...] = ()
    _read: dict[Path, Run] = field(default_factory=dict)

    def resolve(self, text: str) -> Arm:
        """The side that a word names.

        That is a run (an id, the start of one, ``latest``, the path of a directory), the file of
        a baseline or of results, or a variant of the newest complete run that has it;
        ``RUN:VARIANT`` chooses among the variants of a run. Several, separated by commas, are
        pooled.

        Raises:
            StoreError: there is no such run, or runs cannot be pooled.
            ConfigError: a variant is missing, or must be named.
            DataError: a file is damaged.
        """
        names = [text] if Path(text).exists() else [name for name in text.split(",") if name]
        found = [self._one(name) for name in names or [text]]
        return found[0] if len(found) == 1 else self._pooled(text, found)

    def _one(self, name: str) -> Arm:
        arm = self._place(name)
        if arm is not None:
            return arm
        if (directory := self._newest_with(name)) is not None:
            return Arm(self._load(directory), name)
        for at in (at for at, char in enumerate(name) if char == ":"):
            chosen = self._place(name[:at]) or self._prefix(name[:at])
            if chosen is not None:
                return self._narrowed(chosen.run, name[at + 1 :])
        return self._prefix(name) or self._refuse(name)

    def _refuse(self, name: str) -> NoReturn:
        """Say what the name could have been; ambiguous and empty stores speak for themselves."""
        known = self._variants()
        if not known or any(run.id.startswith(name) for run in self.store.list()):
            self.store.find(name)
        raise StoreError(
            f"{name!r} is no file, no run of {shown_path(self.store.root)} (pytest-ftgate runs "
            f"lists them) and no variant; {did_you_mean(name, known)}"
        )

    def _place(self, name: str) -> Arm | None:
        """What the name is the path, or the exact id, of."""
        from pytest_ftgate.runs.store import LATEST, RunStore

        path = Path(name)
        if path.is_file():
            return Arm(self._file(path), None)
        if (path / "runs").is_dir():
            return Arm(self._load(RunStore(path).find(LATEST)), None)
        if name == LATEST or path.is_dir() or (self.store.runs / name).is_dir():
            return Arm(self._load(self.store.find(name)), None)
        return None

    def _prefix(self, name: str) -> Arm | None:
        try:
            return Arm(self._load(self.store.find(name)), None)
        except StoreError:
            return None

    def _load(self, directory: Path) -> Run:
        if directory not in self._read:
            self._read[directory] = self.store.load(directory.absolute())
        return self._read[directory]

    def _newest_with(self, variant: str) -> Path | None:
        """The newest complete run that evaluated a variant of this name."""
        for run in self.store.list():
            if run.complete and run.manifest is not None:
                for plan in run.manifest.plans:
                    if plan.variant == variant and plan.suite in (self.suites or (plan.suite,)):
                        return run.path
        return None

    def _variants(self) -> list[str]:
        runs = [run.manifest for run in self.store.list() if run.manifest is not None]
        return sorted({plan.variant for run in runs for plan in run.plans})

    def _narrowed(self, run: Run, variant: str) -> Arm:
        known = list(dict.fromkeys(plan.variant for plan in run.manifest.plans))
        if variant not in known:
            raise ConfigError(
                f"Run {run.manifest.run} has no variant {variant!r}; {did_you_mean(variant, known)}"
            )
        return Arm(run, variant)

    def _file(self, path: Path) -> Run:
        """A baseline, or results that were produced elsewhere."""
        if path in self._read:
            return self._read[path]
        from pytest_ftgate.runs.baseline import read
        from pytest_ftgate.verdicts.comparing import run_of

        results = _holds_results(path)
        self._read[path] = self._results(path) if results else run_of(read(path))
        return self._read[path]

    def _results(self, path: Path) -> Run:
        from msgspec.structs import replace

        from pytest_ftgate import environment
        from pytest_ftgate.runs.importing import import_results, to_run

        suite = self.suites[0] if self.suites else _UNNAMED_SUITE
        now = environment.utc_now()
        runs = [to_run(each, shown_path(path), now) for each in import_results(path, suite)]
        plans = tuple(replace(run.manifest.plans[0], current=len(runs) == 1) for run in runs)
        return replace(
            runs[0],
            manifest=replace(runs[0].manifest, plans=plans),
            records=tuple(record for run in runs for record in run.records),
        )

    def _pooled(self, text: str, arms: list[Arm]) -> Arm:
        from pytest_ftgate.verdicts.comparing import after_of
        from pytest_ftgate.verdicts.pooling import pool

        names = [arm.run.manifest.run for arm in arms]
        if len(set(names)) < len(names):
            raise ConfigError(f"{text}: names a run twice. Each adds its trials once.")
        first = arms[0].run
        runs = [after_of(first, arm.run, suites=self.suites, variant=arm.variant) for arm in arms]
        evaluated = [[(plan.suite, plan.variant) for plan in run.manifest.plans] for run in runs]
        for name, found in zip(names[1:], evaluated[1:], strict=True):
            if found != evaluated[0]:
                told = " and ".join(
                    ", ".join(f"{suite} [{variant}]" for suite, variant in sorted(each))
                    for each in (evaluated[0], found)
                )
                raise ConfigError(
                    f"{text}: runs {names[0]} and {name} evaluated {told}. "
                    "Only runs of the same suite and variant are pooled."
                )
        return Arm(pool(runs[0], *runs[1:]), None)


def _holds_results(path: Path) -> bool:
    """Whether a file holds results, and not a baseline, by its first line.

    Raises:
        DataError: it is neither.
    """
    with path.open("rb") as file:
        first = next((line for line in file if line.strip(b"\xef\xbb\xbf \t\r\n")), b"")
    try:
        found = json.loads(first.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        found = None
    keys = set(found) if isinstance(found, dict) else set()
    if "case" in keys or {"suite", "counts"} <= keys:
        return "case" in keys
    raise DataError(
        path,
        "this is neither a baseline nor a file of results",
        "Name a run, a variant, a file of a folder of baselines, or results as "
        "pytest-ftgate runs import takes them",
        line=1,
    )
