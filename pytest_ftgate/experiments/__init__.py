"""Experiments: the variants of a suite, their prompts, their fingerprints and their gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_ftgate.experiments.fingerprints import changed_components, fingerprint, iteration
from pytest_ftgate.experiments.loading import (
    ANONYMOUS,
    anonymous_variant,
    load,
    with_fingerprint,
)
from pytest_ftgate.experiments.model import Experiment, Iteration

if TYPE_CHECKING:
    from pytest_ftgate.model import Case, Variant

__all__ = [
    "ANONYMOUS",
    "Experiment",
    "Iteration",
    "anonymous_variant",
    "changed_components",
    "fingerprint",
    "iteration",
    "load",
    "render",
    "with_fingerprint",
]


def render(variant: Variant, case: Case) -> list[dict[str, Any]]:
    """The chat messages of a case; see :func:`pytest_ftgate.experiments.rendering.render`."""
    from pytest_ftgate.experiments import rendering  # Jinja2 is loaded only when a prompt is used

    return rendering.render(variant, case)
