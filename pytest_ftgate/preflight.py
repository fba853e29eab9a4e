"""What the files of a suite tell before anything runs: mistakes that would meet every case.

A mistake in a prompt, a schema or a gate is the same for all cases. Found here it is said once,
and before a session has called anything.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from pytest_ftgate import experiments
from pytest_ftgate.errors import ConfigError, DataError, FtgateWarning
from pytest_ftgate.providers import no_provider

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_ftgate.model import Case, Variant


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
