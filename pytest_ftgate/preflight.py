"""What the files of a suite tell before anything runs: mistakes that would meet every case.

A mistake in a prompt, a schema or a gate is the same for all cases. Found here it is said once,
and before a session has called anything.
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from pytest_ftgate import experiments, fixtures
from pytest_ftgate.errors import ConfigError, DataError, FtgateWarning, nearest
from pytest_ftgate.model.kpis import BUILT_IN_KPIS, CHECK_NAME
from pytest_ftgate.providers import no_provider, require_known

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    import pytest

    from pytest_ftgate.experiments import Experiment
    from pytest_ftgate.model import Case, Variant
    from pytest_ftgate.suites import Suite

_DERIVED = re.compile(r"_(accuracy|macro_f1)\Z")
_NEAR = 0.85


def check_suite(suite: Suite, metafunc: pytest.Metafunc) -> None:
    """Check what an eval test is going to use, as far as its files tell.

    Raises:
        FtgateError: something is wrong for all cases.
        FtgateWarning: where warnings are errors: something is probably not meant as it stands.
    """
    hook = metafunc.config.hook
    check_schemas(suite.variants, metafunc.config.rootpath)
    sends = suite.task is None and _takes_our_output(metafunc)
    if sends or "llm" in metafunc.fixturenames:
        registered = (mapping or () for mapping in hook.pytest_ftgate_providers())
        check_providers(suite.variants, {name for names in registered for name in names})
    if sends:
        check_prompts(suite.name, suite.variants, suite.cases)
    if suite.experiment is not None:
        defined = {kpi.name for kpis in hook.pytest_ftgate_kpis() for kpi in kpis}
        test = suite.path.read_text("utf-8", errors="replace")
        for warning in check_kpis(suite.experiment, defined, test):
            metafunc.definition.warn(FtgateWarning(warning))


def check_prompts(name: str, variants: Sequence[Variant], cases: Sequence[Case]) -> None:
    """See to it that a suite's prompts are there, and can be rendered for at least one case.

    A prompt that fails for some cases only is left to these.

    Raises:
        ConfigError: a variant names no provider, or as for :func:`require_prompt`.
        DataError: no case can be rendered.
    """
    for variant in variants:
        require_prompt(name, variant)
        if variant.provider is None:
            raise no_provider(variant.name)
        _check_rendering(variant, cases)


def check_providers(variants: Sequence[Variant], registered: Collection[str]) -> None:
    """See to it that the providers of a suite are known.

    Args:
        variants: the variants to evaluate.
        registered: the providers that plugins register.

    Raises:
        ConfigError: one is not known.
    """
    for variant in variants:
        if variant.provider is not None:
            try:
                require_known(variant.provider, registered)
            except ConfigError as error:
                raise ConfigError(f"variant {variant.name!r}: {error}") from None


def require_prompt(suite: str, variant: Variant) -> None:
    """See to it that a variant has what the prompt of a case is sent with.

    Raises:
        ConfigError: it has no prompt, or no schema to repair answers by.
    """
    where = f"suite {suite!r}, variant {variant.name!r}"
    if variant.prompt is None:
        raise ConfigError(
            f"{where}: eval_output has nothing to run. "
            "Give the marker a task=..., or the variant a prompt."
        )
    if variant.retries and variant.schema is None:
        raise ConfigError(
            f"{where}: retries = {variant.retries} needs a schema to validate against. "
            'Add schema = "..." to the variant.'
        )


def check_schemas(variants: Sequence[Variant], root: Path) -> None:
    """See to it that the variants' schemas can be used.

    Raises:
        DataError: one cannot.
    """
    paths = {variant.schema_path for variant in variants if variant.schema_path is not None}
    if not paths:
        return
    from pytest_ftgate.checks.format import SchemaStore

    store = SchemaStore(root)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FtgateWarning)  # a check that uses the schema warns
        for path in sorted(paths):
            store.load(path)


def check_kpis(experiment: Experiment, defined: Collection[str], test: str) -> Iterator[str]:
    """Look for names in the gates that look like misspelt KPIs.

    Which checks a test runs is known when it has run, so a name can only be refused if no check
    can have it.

    Args:
        experiment: the experiment, its gates and its primary KPI.
        defined: the names of the KPIs that plugins define.
        test: the text of the test file; a check that it names is no misspelling.

    Yields:
        What is probably not meant, a sentence each.

    Raises:
        DataError: neither a check nor a plugin can be the source of a KPI of that name.
    """
    places = [(gate.kpi, ("kpi", *gate.kpi.split("."))) for gate in experiment.gates]
    if experiment.primary_kpi is not None:
        places.append((experiment.primary_kpi, ("primary_kpi",)))
    for name, keys in places:
        if name in BUILT_IN_KPIS or name in defined:
            continue
        check = _DERIVED.sub("", name)
        near = nearest(name, BUILT_IN_KPIS, _NEAR)
        hint = f"; did you mean {near!r}?" if near is not None else ""
        line = experiment.line(*keys)
        if not CHECK_NAME.fullmatch(check):
            raise DataError(
                experiment.path,
                f"there can be no KPI {name!r}{hint}",
                "Checks are named by 1 to 64 letters, digits, . _ or -",
                line=line,
            )
        if near is not None and check not in test:
            yield str(
                DataError(
                    experiment.path,
                    f"{name!r} is no built-in KPI{hint}",
                    "Correct it, unless a check of that name is its source",
                    line=line,
                )
            )


def _check_rendering(variant: Variant, cases: Sequence[Case]) -> None:
    first: DataError | None = None
    for case in cases:
        try:
            experiments.render(variant, case)
        except DataError as error:
            first = first or error
        else:
            return
    if first is None:
        return
    raise DataError(
        first.path,
        first.reason if len(cases) == 1 else f"no case can be rendered: {first.reason}",
        first.advice,
        line=first.line,
        column=first.column,
    )


def _takes_our_output(metafunc: pytest.Metafunc) -> bool:
    """Whether the test takes our ``eval_output``; a fixture of its own may do without a prompt."""
    # No public way leads from a test to the fixtures that it is going to get.
    found = metafunc._arg2fixturedefs.get("eval_output", ())
    return bool(found) and found[-1].func.__module__ == fixtures.__name__
