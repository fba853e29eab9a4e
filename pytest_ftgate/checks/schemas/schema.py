"""A JSON Schema made ready: read, linted, its references resolved, its patterns compiled."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.checks.outputs import Json
from pytest_ftgate.checks.patterns import TIMEOUT_S, PatternTimeout
from pytest_ftgate.errors import CheckError, DataError, FtgateWarning, shown_path
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    import os

    from pytest_ftgate.checks.schemas.linking import Linked

MAX_PROBLEMS = 20
ANONYMOUS = "<schema>"


class Schema:
    """A compiled JSON Schema, drafts 4 to 2020-12 by its ``$schema`` (2020-12 without one).

    Formats are asserted, references reach only files inside the project root, and patterns run
    under a timeout. Made by :meth:`load` or :meth:`compile`; safe to share between threads.

    Attributes:
        document: the schema as data.
        source: the file it was read from, or ``<schema>``.
        warnings: what is probably not meant as it stands: unknown keywords and formats.
    """

    def __init__(self, document: Json, source: str, linked: Linked) -> None:
        self.document = document
        self.source = source
        self.warnings = linked.warnings
        self._validator = linked.validator

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None
    ) -> Schema:
        """Read a schema from a JSON file.

        Args:
            path: the file.
            root: the project root that ``$ref`` may not leave; by default the file's directory.

        Raises:
            DataError: when the file, or one that it refers to, is not a usable schema.
        """
        from pytest_ftgate.checks.schemas.linking import ProjectFiles, link

        file = Path(path)
        files = ProjectFiles(Path(root) if root is not None else file.parent)
        document = files.read(file)
        return cls._made(document, str(file), link(document, file, files))

    @classmethod
    def compile(cls, document: Mapping[str, object] | bool) -> Schema:
        """Make a schema from data; it can refer to nothing but itself.

        Raises:
            DataError: when it is not a usable schema.
        """
        from pytest_ftgate.checks.schemas.linking import link

        plain = json.loads(dumped(document))
        return cls._made(plain, ANONYMOUS, link(plain, None, None))

    @classmethod
    def _made(cls, document: Json, source: str, linked: Linked) -> Schema:
        for warning in linked.warnings:
            warnings.warn(warning, FtgateWarning, stacklevel=4)
        return cls(document, source, linked)

    def problems(self, value: Json) -> tuple[str, ...]:
        """Why the schema does not allow the value; empty when it does.

        Each reason reads ``$.urgency: got "asap", allowed: low, medium, high``. At most 20 are
        looked for.

        Raises:
            DataError: when a pattern takes too long, or references loop without end.
            CheckError: when validation as a whole takes too long.
        """
        from pytest_ftgate.checks.schemas import guard, keywords
        from pytest_ftgate.checks.schemas.reasons import reasons

        validator = keywords.fresh(self._validator)
        try:
            return reasons(islice(validator.iter_errors(value), MAX_PROBLEMS))
        except PatternTimeout as error:
            raise DataError(
                self.source,
                shown(f"{error} on this output", 200),
                "simplify the pattern: nested repetition such as (a|aa)+ is the usual cause",
            ) from None
        except (guard.TooDeep, RecursionError):
            raise DataError(
                self.source,
                "validation goes too deep: a $ref leads back to itself, or too many schemas nest",
                "let a recursive $ref stand below properties or items",
            ) from None
        except guard.OutOfTime:
            raise CheckError(
                f"validating the output against {shown_path(self.source)} took longer than "
                f"{guard.BUDGET_S:g} s (patterns: {TIMEOUT_S:g} s each); simplify the schema"
            ) from None


class SchemaStore:
    """Schemas by file or by content, each made once. Belongs to whoever runs the checks.

    Args:
        root: the project root that ``$ref`` may not leave; by default each file's directory.
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self.root = Path(root) if root is not None else None
        self._by_path: dict[str, Schema] = {}
        self._by_content: dict[str, Schema] = {}

    def load(self, path: str | os.PathLike[str]) -> Schema:
        """The schema in a file; see :meth:`Schema.load`."""
        key = str(path)
        found = self._by_path.get(key)
        if found is None:
            found = self._by_path[key] = Schema.load(path, self.root)
        return found

    def compile(self, document: Mapping[str, object] | bool) -> Schema:
        """The schema given as data; see :meth:`Schema.compile`."""
        key = dumped(document)
        found = self._by_content.get(key)
        if found is None:
            found = self._by_content[key] = Schema.compile(document)
        return found


def dumped(document: Any) -> str:
    """A schema given as data, as JSON text.

    Raises:
        DataError: when it is not JSON data.
    """
    if not isinstance(document, (Mapping, bool)):
        raise DataError(
            ANONYMOUS,
            f"a schema is an object or a boolean, got {type(document).__name__}",
            "pass a path, a dict, or a Schema",
        )
    try:
        return json.dumps(document, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(ANONYMOUS, f"the schema is not JSON data: {error}") from None
