"""The hooks that plugins and conftest files may implement.

A hook may be implemented several times: of a name that several implementations give, the one that
pytest calls first (the one registered last) wins. Each docstring holds an example that works.
Import inside the functions, as the examples do: a plugin that imports only what a session needs
costs nothing in sessions without eval tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pytest_ftgate.model import Case, Observation, Record
    from pytest_ftgate.providers.base import Provider
    from pytest_ftgate.verdicts.measures import KpiDefinition


@pytest.hookspec
def pytest_ftgate_providers() -> Mapping[str, Callable[..., Provider]]:  # type: ignore[empty-body]
    """Name providers that variants may use: ``provider = "echo"``.

    Each factory is called at most once in a process, as ``factory(replaying=...)``: true when no
    call will leave the machine, so that no key is needed. What it gives is used from several
    threads. HTTP calls are recorded and replayed whichever client makes them; the same messages
    and variant must give the same request. The built-in names cannot be taken.

    Example::

        def pytest_ftgate_providers():
            from pytest_ftgate import Completion, Provider

            class Echo(Provider):
                def __init__(self, *, replaying):
                    self.replaying = replaying

                def complete(self, messages, variant, **params):
                    return Completion(text=messages[-1]["content"])

                async def acomplete(self, messages, variant, **params):
                    return self.complete(messages, variant, **params)

            return {"echo": Echo}

    Returns:
        Name -> factory.
    """


@pytest.hookspec
def pytest_ftgate_checks() -> Mapping[str, Callable[..., Observation]]:  # type: ignore[empty-body]
    """Name checks that tests call as ``grade.<name>(...)``.

    A check gets the arguments of the call and gives an observation, whose ``check`` is also the
    KPI's name; it never raises on a miss. A name that ``grade`` has already is an error.

    Example::

        def pytest_ftgate_checks():
            from pytest_ftgate import Observation

            def polite(output):
                holds = "please" in output.text.lower()
                return Observation(
                    check="polite",
                    kind="text",
                    value=float(holds),
                    passed=holds,
                    reason="" if holds else "the answer never says please",
                )

            return {"polite": polite}

    Returns:
        Name -> callable that gives an :class:`~pytest_ftgate.Observation`.
    """


@pytest.hookspec
def pytest_ftgate_dataset_loaders() -> Mapping[  # type: ignore[empty-body]
    str, Callable[[Path], Iterable[Case]]
]:
    """Load datasets of other formats, by file suffix; a built-in suffix may be replaced.

    The cases are checked as those of a JSONL file are: ids, duplicates, values.

    Example::

        def pytest_ftgate_dataset_loaders():
            from pytest_ftgate import Case

            def load(path):
                for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
                    yield Case(id=f"line-{number}", input=line, source=f"{path}:{number}")

            return {".txt": load}

    Returns:
        Suffix with its dot -> callable that takes the path and gives the cases.
    """


@pytest.hookspec
def pytest_ftgate_kpis() -> Sequence[KpiDefinition]:  # type: ignore[empty-body]
    """Define KPIs that are computed from records; experiments may set gates on them.

    A definition names the KPI and says which direction is better, its unit, its range where it
    has one, and how a record's number is found; ``None`` leaves the record out.

    Example::

        def pytest_ftgate_kpis():
            from pytest_ftgate import KpiDefinition

            def words(record):
                return None if record.output is None else float(len(record.output.split()))

            return [KpiDefinition(name="words", value=words, direction="lower", unit="count")]

    Returns:
        The definitions; a name must not be that of another KPI or check.
    """


@pytest.hookspec
def pytest_ftgate_redact_record(record: Record) -> Record:  # type: ignore[empty-body]
    """Change a record before it leaves the process that made it, and so before it is stored.

    Implementations are called one after the other, each with what the one before it gave.

    Example::

        def pytest_ftgate_redact_record(record):
            from msgspec.structs import replace

            return replace(record, output=None)

    Args:
        record: the result of one case; immutable.

    Returns:
        The record to keep.
    """


@pytest.hookspec
def pytest_ftgate_redact_interaction(interaction: dict[str, Any]) -> dict[str, Any] | None:
    """Change a recorded call before it is written to a cassette.

    Known and likely secrets are removed without this hook; it is for what only the project knows
    to be private. The call is still found by the request as it was sent, so replay works whatever
    is removed from it. Implementations are called one after the other, each with what the one
    before it gave.

    Example::

        def pytest_ftgate_redact_interaction(interaction):
            body = interaction["request"]["body"].get("json", {})
            body.pop("user", None)
            return interaction

    Args:
        interaction: a line of a pack: ``request`` with method, uri, headers and body, ``response``
            with status, headers and body (or ``event`` where no response came), ``case``,
            ``trial``, ``recorded_at``, ``elapsed_s``. A body is ``{"json": ...}``,
            ``{"string": ...}``, ``{"base64": ...}`` or empty.

    Returns:
        What to write; ``None`` keeps the call out of the cassette.
    """
