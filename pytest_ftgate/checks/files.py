"""Reading the files that checks are configured by: UTF-8, a byte-order mark accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import DataError
from pytest_ftgate.text import preview

if TYPE_CHECKING:
    from pytest_ftgate.checks.outputs import Json


def read_text(file: Path, what: str) -> str:
    """The text of a file.

    Args:
        file: the file.
        what: what it is, for messages: ``schema``, ``policy``.

    Raises:
        DataError: when it cannot be read or is not UTF-8.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(file, f"there is no such {what} file", "check the path") from None
    except UnicodeDecodeError as error:
        raise DataError(
            file, f"the {what} is not UTF-8: byte {error.start} is not valid", "save it as UTF-8"
        ) from None
    except OSError as error:
        raise DataError(file, f"the {what} cannot be read: {error.strerror}") from None


def read_json(file: Path, what: str) -> Json:
    """The JSON document in a file; duplicate keys and NaN are refused.

    Raises:
        DataError: when it cannot be read or is not one JSON document.
    """
    text = read_text(file, what)

    def no_duplicates(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for key, value in pairs:
            if key in found:
                raise DataError(file, f"the key {preview(key)} appears twice in one object")
            found[key] = value
        return found

    def no_constant(name: str) -> Json:
        raise DataError(file, f"{name} is not JSON", "use a finite number or null")

    try:
        return json.loads(  # type: ignore[no-any-return]
            text, object_pairs_hook=no_duplicates, parse_constant=no_constant
        )
    except json.JSONDecodeError as error:
        raise DataError(
            file, f"not JSON: {error.msg}", "fix the syntax", line=error.lineno, column=error.colno
        ) from None
    except RecursionError:
        raise DataError(file, f"the {what} is nested too deeply") from None
