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


def _attempt(request: pytest.FixtureRequest) -> Attempt:
    from pytest_ftgate.runtime import ATTEMPT

    node: pytest.Item = request.node
    try:
        return node.stash[ATTEMPT]
    except KeyError:
        raise pytest.UsageError(
            f"fixture {request.fixturename!r} belongs to eval tests: "
            "mark the test with @pytest.mark.llm_eval(...)"
        ) from None


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
def _ftgate_item(request: pytest.FixtureRequest) -> int:
    """The position of an eval item within its test function."""
    return int(request.param)


@pytest.fixture
def eval_case(request: pytest.FixtureRequest) -> Case:
    """The case under test."""
    return _attempt(request).item.case


@pytest.fixture
def eval_variant(request: pytest.FixtureRequest) -> Variant:
    """The variant under test."""
    return _attempt(request).item.variant


@pytest.fixture
def eval_output(request: pytest.FixtureRequest) -> Any:
    """The task's result for this case; a ``Completion`` when the marker names no task."""
    return _runtime(request).answer(_attempt(request))


@pytest.fixture
def grade(request: pytest.FixtureRequest) -> Grader:
    """Records checks of this case; never raises on a miss."""
    return _attempt(request).grader


@pytest.fixture
def llm(request: pytest.FixtureRequest) -> BoundProvider:
    """The variant's provider for free-form calls."""
    from pytest_ftgate.llm import BoundProvider

    variant = _attempt(request).item.variant
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
