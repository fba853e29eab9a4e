"""What an experiment file says, and what an iteration changed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from pytest_ftgate.iterations import SaturationRules
from pytest_ftgate.model import Gate, Variant

KINDS = ("prompt", "fine-tuned", "base", "human")
"""What a variant is: a prompt version, a fine-tuned model, or one of the baselines to clear."""


class Experiment(Struct, frozen=True, kw_only=True):
    """An ``experiment.toml``: the log of variants, the gates of the suite, and prices.

    ``variants`` is in file order. ``prices`` maps a model's name to US dollars per million input
    and output tokens. ``lines`` maps the keys of the file to their 1-based lines.
    """

    path: Path
    current: str
    variants: dict[str, Variant]
    suite: str | None = None
    primary_kpi: str | None = None
    gates: tuple[Gate, ...] = ()
    prices: dict[str, tuple[float, float]] = field(default_factory=dict)
    saturation: SaturationRules = SaturationRules()
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)

    def line(self, *keys: str | int) -> int | None:
        """The line of a key, or of the nearest table around it: ``line("kpi", "f1", "min")``."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.lines:
                return self.lines[keys[:length]]
        return None


class Iteration(Struct, frozen=True, kw_only=True):
    """What a variant changed against its parent, by the one-change rule.

    ``root`` has no parent; ``unchanged`` differs in no component; ``disciplined`` differs in
    exactly one; ``confounded`` differs in several, so that a gain belongs to none of them.
    """

    variant: str
    parent: str | None
    kind: Literal["root", "unchanged", "disciplined", "confounded"]
    components: tuple[str, ...] = ()

    @property
    def disciplined(self) -> bool:
        """Whether exactly one component changed."""
        return self.kind == "disciplined"

    @property
    def confounded(self) -> bool:
        """Whether several components changed at once."""
        return self.kind == "confounded"
