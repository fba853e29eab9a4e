"""The files that a variant names: prompt, examples, schema, tools. Each is read once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field

from pytest_ftgate.errors import DataError, DataErrors, did_you_mean, shown
from pytest_ftgate.strict_json import parse, parse_file, read_lines, read_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_EXAMPLE_KEYS = ("input", "output")

Part = TypeVar("Part")


class Files(Struct, frozen=True):
    """Reads the files of one experiment; a bad file is noted once and read as ``None``."""

    directory: Path
    problems: list[DataError]
    _read: dict[tuple[str, str], Any] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """The path of a file that the experiment names, relative to the experiment."""
        return self.directory / name

    def prompt(self, name: str) -> str | None:
        """The text of a prompt template, checked, with line endings normalised."""
        return self._once("prompt", name, read_prompt)

    def examples(self, name: str) -> tuple[dict[str, Any], ...] | None:
        """The few-shot examples, in file order."""
        return self._once("examples", name, read_examples)

    def schema(self, name: str) -> dict[str, Any] | None:
        """A JSON Schema."""
        return self._once("schema", name, read_schema)

    def tools(self, name: str) -> tuple[dict[str, Any], ...] | None:
        """The definitions of the tools, as the provider takes them."""
        return self._once("tools", name, read_tools)

    def _once(self, kind: str, name: str, read: Callable[[Path], Part]) -> Part | None:
        if (kind, name) not in self._read:
            part: Part | None = None
            try:
                part = read(self.path(name))
            except DataErrors as errors:
                self.problems.extend(errors.errors)
            except DataError as error:
                self.problems.append(error)
            self._read[kind, name] = part
        found: Part | None = self._read[kind, name]
        return found


def read_prompt(path: Path) -> str:
    """Read a prompt template and check its sections and syntax.

    Raises:
        DataError: the file cannot be read or is no template.
    """
    from pytest_ftgate.experiments.templates import parse_template

    text = read_text(path).replace("\r\n", "\n")
    if not text.strip():
        raise DataError(path, "the prompt is empty", "Write the instructions", line=1)
    parse_template(text, path)
    return text


def read_examples(path: Path) -> tuple[dict[str, Any], ...]:
    """Read few-shot examples: JSON Lines of ``{"input": ..., "output": ...}``.

    Raises:
        DataErrors: with every bad line; there is no example.
    """
    problems: list[DataError] = []
    examples: list[dict[str, Any]] = []
    for line, text in read_lines(path, problems.append):
        try:
            examples.append(_example(parse(text, path, line=line), path, line))
        except DataError as error:
            problems.append(error)
    if not examples and not problems:
        problems.append(DataError(path, "there is no example in it", "Add one a line"))
    if problems:
        raise DataErrors(problems)
    return tuple(examples)


def read_schema(path: Path) -> dict[str, Any]:
    """Read a JSON Schema; only that it is an object is checked here.

    Raises:
        DataError: the file cannot be read or holds no object.
    """
    value = parse_file(path)
    if isinstance(value, dict):
        return value
    raise DataError(
        path, f"a schema must be an object, got {shown(value)}", 'Write {"type": "object", ...}'
    )


def read_tools(path: Path) -> tuple[dict[str, Any], ...]:
    """Read tool definitions: a JSON list of objects.

    Raises:
        DataError: the file cannot be read or holds no list of objects.
    """
    value = parse_file(path)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return tuple(value)
    raise DataError(
        path,
        f"tools must be a list of at least one object, got {shown(value)}",
        "Write the list as the provider takes it",
    )


def _example(value: Any, path: Path, line: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(
            path,
            f"an example must be an object, got {shown(value)}",
            'Write {"input": ..., "output": ...}',
            line=line,
        )
    for key in value:
        if key not in _EXAMPLE_KEYS:
            raise DataError(
                path,
                f"unknown key {key!r}; {did_you_mean(key, _EXAMPLE_KEYS)}",
                "Correct or remove it",
                line=line,
            )
    if not isinstance(value.get("input"), (str, dict)):
        raise DataError(
            path,
            f"the input must be text or an object, got {shown(value.get('input'))}",
            'Write "input" as the cases of the dataset do',
            line=line,
        )
    if value.get("output") is None:
        raise DataError(path, "the output is missing", 'Add "output": the wanted answer', line=line)
    return value
