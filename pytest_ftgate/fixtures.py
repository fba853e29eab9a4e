"""The fixtures of an eval test. Each hands out what the item's attempt or the process holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_ftgate.checks.grader import Grader
    from pytest_ftgate.items import Attempt
    from pytest_ftgate.llm import BoundProvider
    from pytest_ftgate.model import Case, Variant
    from pytest_ftgate.runtime import Runtime


def _runtime(request: pytest.FixtureRequest) -> Runtime:
    from pytest_ftgate.runtime import RUNTIME

    try:
        return request.config.stash[RUNTIME]
    except KeyError:
        raise pytest.UsageError(
            f"fixture {request.fixturename!r} records and replays the calls of eval tests, and "
            "this session has none: mark a test with @pytest.mark.llm_eval(...)"
        ) from None


@pytest.fixture
def _ftgate_item(request: pytest.FixtureRequest) -> Attempt:
    """The attempt at an eval item; the parameter is the item's position in its test function.

    The others ask for this one and not for ``request``, which pytest makes anew for each fixture.
    """
    from pytest_ftgate.runtime import ATTEMPT

    node: pytest.Item = request.node
    try:
        return node.stash[ATTEMPT]
    except KeyError:
        raise pytest.UsageError(
            "eval_case, eval_variant, eval_output, grade and llm belong to eval tests: "
            "mark the test with @pytest.mark.llm_eval(...)"
        ) from None


@pytest.fixture
def eval_case(_ftgate_item: Attempt) -> Case:
    """The case under test."""
    return _ftgate_item.item.case


@pytest.fixture
def eval_variant(_ftgate_item: Attempt) -> Variant:
    """The variant under test."""
    return _ftgate_item.item.variant


@pytest.fixture
def grade(_ftgate_item: Attempt) -> Grader:
    """Records checks of this case; never raises on a miss."""
    return _ftgate_item.grader


def fill(item: pytest.Item, attempt: Attempt) -> None:
    """Hand an item what the fixtures above would look up for it.

    pytest asks no fixture whose value the item has, and asking is what takes long in the setup of a
    test that does little else. Fixtures that somebody overrides are asked, and so are all of them
    where pytest is to show what it sets up.
    """
    if getattr(item.config.option, "setupshow", False):
        return
    # What pytest may rename one day is asked for by name: without it, pytest asks the fixtures.
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    funcargs: dict[str, Any] = getattr(item, "funcargs", {})
    funcargs["_ftgate_item"] = attempt
    for name in ("eval_case", "eval_variant", "grade"):
        for definition in known.get(name, ())[-1:]:
            if getattr(definition.func, "__globals__", None) is globals():
                funcargs[name] = definition.func(attempt)


@pytest.fixture
def eval_output(request: pytest.FixtureRequest, _ftgate_item: Attempt) -> Any:
    """The task's result for this case; a ``Completion`` when the marker names no task."""
    return _runtime(request).answer(_ftgate_item)


@pytest.fixture
def llm(request: pytest.FixtureRequest, _ftgate_item: Attempt) -> BoundProvider:
    """The variant's provider for free-form calls."""
    from pytest_ftgate.llm import BoundProvider

    variant = _ftgate_item.item.variant
    return BoundProvider(_runtime(request).provider(variant.provider, variant.name), variant)


@pytest.fixture(scope="session")
def openai_client(request: pytest.FixtureRequest) -> Any:
    """An ``openai.OpenAI`` whose calls are recorded and replayed in eval tests."""
    return _runtime(request).openai_client


@pytest.fixture(scope="session")
def async_openai_client(request: pytest.FixtureRequest) -> Any:
    """An ``openai.AsyncOpenAI`` whose calls are recorded and replayed in eval tests."""
    return _runtime(request).async_openai_client


@pytest.fixture(scope="session")
def anthropic_client(request: pytest.FixtureRequest) -> Any:
    """An ``anthropic.Anthropic`` whose calls are recorded and replayed in eval tests."""
    return _runtime(request).anthropic_client


@pytest.fixture(scope="session")
def async_anthropic_client(request: pytest.FixtureRequest) -> Any:
    """An ``anthropic.AsyncAnthropic`` whose calls are recorded and replayed in eval tests."""
    return _runtime(request).async_anthropic_client
