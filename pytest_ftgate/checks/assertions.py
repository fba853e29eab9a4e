"""The checks as assertions, for ordinary tests: they raise ``AssertionError`` with the reasons.

A relative path starts from the directory of the file that makes the call, as ``grade`` does; when
there is no such file there, from the working directory.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.checks.format import Schema, check_format
from pytest_ftgate.checks.policy import Policy, PolicyStore, check_policy
from pytest_ftgate.checks.threshold import assert_threshold
from pytest_ftgate.errors import FtgateWarning

if TYPE_CHECKING:
    from pytest_ftgate.checks.grader import PolicySource, SchemaSource

__all__ = ["assert_format", "assert_policy", "assert_threshold"]


def assert_format(
    output: object, schema: SchemaSource, *, root: str | os.PathLike[str] | None = None
) -> Any:
    """Assert that the whole output is one JSON document that the schema allows.

    Args:
        output: str, Completion, JSON data or ``None``.
        schema: a path, a JSON Schema as data, or a compiled Schema.
        root: the directory that ``$ref`` may not leave; by default the working directory when
            the schema lies below it, else the schema's own directory.

    Returns:
        The parsed document.

    Raises:
        AssertionError: with the reason, and the note if there is one.
        DataError: when the schema is wrong.
    """
    __tracebackhide__ = True
    if isinstance(schema, (str, os.PathLike)):
        path = _located(schema, sys._getframe(1).f_globals.get("__file__"))
        compiled: Any = Schema.load(path, root if root is not None else _root_for(path))
    else:
        compiled = schema
    observation, parsed = check_format(output, compiled)
    if not observation.passed:
        note = f" ({observation.note})" if observation.note else ""
        raise AssertionError(f"format: {observation.reason}{note}")
    return parsed


def assert_policy(output: object, policy: PolicySource, input: object = None) -> None:
    """Assert that the output breaks no blocking rule of the policy; the others warn.

    Args:
        output: str, Completion or JSON data.
        policy: a path or a Policy.
        input: what the user said: a text, an object or chat messages; needed by rules that apply
            only for some inputs.

    Raises:
        AssertionError: naming each broken rule, why it exists and what broke it.
        DataErrors: when the policy is wrong.
    """
    __tracebackhide__ = True
    if isinstance(policy, Policy):
        rules = policy
    else:
        path = _located(policy, sys._getframe(1).f_globals.get("__file__"))
        rules = PolicyStore().load(path)
    observation, _ = check_policy(output, rules, input)
    if observation.note:
        warnings.warn(f"policy: {observation.note}", FtgateWarning, stacklevel=2)
    if not observation.passed:
        raise AssertionError(f"policy: {observation.reason}")


def _located(path: str | os.PathLike[str], caller: str | None) -> Path:
    if caller is not None:
        beside = Path(caller).resolve().parent / path
        if beside.exists():
            return beside
    return Path(path)


def _root_for(path: Path) -> Path:
    here = Path.cwd()
    return here if path.resolve().is_relative_to(here) else path.parent
