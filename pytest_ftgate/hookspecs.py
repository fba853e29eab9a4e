"""The hooks that other plugins and conftest files may implement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_ftgate.model import Case, Observation, Record
    from pytest_ftgate.providers.base import Provider
    from pytest_ftgate.verdicts.kpis import KpiDefinition


@pytest.hookspec
def pytest_ftgate_providers() -> Mapping[str, Callable[..., Provider]]:  # type: ignore[empty-body]
    """Name providers that an experiment may use.

    Each factory is called once a session, with ``replaying=bool``::

        def pytest_ftgate_providers():
            return {"acme": AcmeProvider}
    """


@pytest.hookspec
def pytest_ftgate_checks() -> Mapping[str, Callable[..., Observation]]:  # type: ignore[empty-body]
    """Name checks that tests may call as ``grade.<name>(...)``.

    A check gets the arguments of the call and returns an observation::

        def pytest_ftgate_checks():
            return {"polite": lambda text: Observation(check="polite", kind="text", ...)}
    """


@pytest.hookspec
def pytest_ftgate_dataset_loaders() -> Mapping[  # type: ignore[empty-body]
    str, Callable[[Path], Iterable[Case]]
]:
    """Load datasets of another format, by file suffix.

    Example::

        def pytest_ftgate_dataset_loaders():
            return {".parquet": load_parquet}
    """


@pytest.hookspec
def pytest_ftgate_kpis() -> Sequence[KpiDefinition]:  # type: ignore[empty-body]
    """Define KPIs that are computed from each record.

    Example::

        def pytest_ftgate_kpis():
            return [KpiDefinition(name="words", direction="lower", unit="count", value=words)]
    """


@pytest.hookspec
def pytest_ftgate_redact_record(record: Record) -> Record:  # type: ignore[empty-body]
    """Change a record before it leaves the process that made it.

    Example::

        def pytest_ftgate_redact_record(record):
            return msgspec.structs.replace(record, output=None)
    """


@pytest.hookspec
def pytest_ftgate_redact_interaction(
    interaction: dict[str, Any],
) -> dict[str, Any] | None:
    """Change a recorded call before it is written to a cassette; ``None`` keeps it out.

    Example::

        def pytest_ftgate_redact_interaction(interaction):
            interaction["request"]["body"].pop("user", None)
            return interaction
    """
