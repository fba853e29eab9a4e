"""Prompt templates: sections of chat messages, each a sandboxed Jinja2 template.

A line that is exactly ``[system]``, ``[user]`` or ``[assistant]`` starts a section; a template
without such a line is one user message. Sections are cut before anything is rendered, so that
the text of a case can never start one.
"""

from __future__ import annotations

import difflib
import functools
import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

import jinja2
from jinja2 import meta, nodes
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import missing

from pytest_ftgate.errors import DataError, nearest, shown

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

ROLES = ("system", "user", "assistant")
_STRING_FILE = "<template>"  # what Jinja2 calls a template that was made from a string
_READS_FILES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class MissingName(jinja2.UndefinedError):
    """A template used a name, or a key of a value, that does not exist."""

    def __init__(self, message: str | None, name: str | None, holder: object) -> None:
        super().__init__(message)
        self.name = name
        self.holder = holder


class Section(NamedTuple):
    """One chat message of a template, before rendering; ``line`` is that of its first text."""

    role: Literal["system", "user", "assistant"]
    text: str
    line: int


class Template(NamedTuple):
    """A prompt template: its sections, and the names that it takes from outside."""

    sections: tuple[Section, ...]
    names: frozenset[str]

    @property
    def last_user(self) -> int | None:
        """The position of the last user section."""
        users = [at for at, section in enumerate(self.sections) if section.role == "user"]
        return users[-1] if users else None


def parse_template(text: str, path: str | os.PathLike[str]) -> Template:
    """Cut a template into its sections and check each.

    Raises:
        DataError: a section name is misspelt, a section is empty, text stands before the first
            section, the syntax is wrong, or the template reads other files.
    """
    sections = _cut(text, path)
    names: set[str] = set()
    for section in sections:
        names |= _names(section, path)
    return Template(sections, frozenset(names))


def render_section(
    section: Section, names: Mapping[str, object], path: str | os.PathLike[str], subject: str
) -> str:
    """The text of one section.

    Args:
        section: what to render.
        names: the values by name.
        path: the template's file, for messages.
        subject: what it is rendered for, for messages: ``case 'refund-001'``.

    Raises:
        DataError: a name is missing, or rendering failed; with the template's line.
    """
    try:
        return _compiled(section.text).render(names)
    except MissingName as error:
        raise _missing(error, names, path, subject, _line_of(error, section)) from None
    except Exception as error:  # a template may do anything that an expression can
        raise DataError(
            path,
            f"the template fails for {subject}: {type(error).__name__}: {error}",
            "Correct the expression",
            line=_line_of(error, section),
        ) from None


def _cut(text: str, path: str | os.PathLike[str]) -> tuple[Section, ...]:
    lines = text.replace("\r\n", "\n").split("\n")
    starts = [at for at, line in enumerate(lines) if _role(line, at, path) is not None]
    if not starts:
        return (_section("user", lines, 0, path),)
    for at, line in enumerate(lines[: starts[0]]):
        if line.strip():
            raise DataError(
                path,
                "there is text before the first section, so it belongs to no message",
                "Put [system] or [user] on a line above it",
                line=at + 1,
            )
    ends = [*starts[1:], len(lines)]
    return tuple(
        _section(lines[start].strip()[1:-1], lines[start + 1 : end], start + 1, path)
        for start, end in zip(starts, ends, strict=True)
    )


def _role(line: str, at: int, path: str | os.PathLike[str]) -> str | None:
    stripped = line.strip()
    if not (stripped.startswith("[") and stripped.endswith("]")):
        return None
    name = stripped[1:-1]
    if name in ROLES:
        return name
    near = difflib.get_close_matches(name.strip().lower(), ROLES, n=1, cutoff=0.8)
    if near:
        raise DataError(
            path,
            f"{stripped!r} is no section; did you mean '[{near[0]}]'?",
            f"""To have this line in a message, write {{{{ "{stripped}" }}}}""",
            line=at + 1,
        )
    return None


def _section(role: Any, lines: list[str], before: int, path: str | os.PathLike[str]) -> Section:
    """The section of these lines, blank lines around them cut off."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if not filled:
        raise DataError(
            path, f"the [{role}] section is empty", "Write its text, or remove it", line=before or 1
        )
    text = "\n".join(lines[filled[0] : filled[-1] + 1]).rstrip()
    return Section(role, text, before + filled[0] + 1)


def _names(section: Section, path: str | os.PathLike[str]) -> set[str]:
    """The names that a section takes from outside; compiling it finds what parsing does not."""
    try:
        tree = _environment().parse(section.text)
        _compiled(section.text)
    except jinja2.TemplateSyntaxError as error:
        raise DataError(
            path,
            f"this is not a Jinja2 template: {error.message}",
            "A block must end within its section"
            if "end of template" in (error.message or "")
            else "Look at the braces and names on this line",
            line=section.line + error.lineno - 1,
        ) from None
    for node in tree.find_all(_READS_FILES):
        raise DataError(
            path,
            "a prompt must not read other files, or its fingerprint would miss their changes",
            "Put the text into this file",
            line=section.line + node.lineno - 1,
        )
    return meta.find_undeclared_variables(tree)


@functools.lru_cache(maxsize=512)
def _compiled(text: str) -> jinja2.Template:
    return _environment().from_string(text)


@functools.lru_cache(maxsize=1)
def _environment() -> SandboxedEnvironment:
    """Jinja2 for prompts: no HTML escapes, nothing random, nothing silently missing."""
    environment = _PromptEnvironment(
        undefined=_Undefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["tojson"] = _to_json
    del environment.filters["random"]
    del environment.globals["lipsum"]
    return environment


class _PromptEnvironment(SandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        """``{{ order.items }}`` is the key ``items`` of the order, not a method of ``dict``."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class _Undefined(jinja2.StrictUndefined):
    """Remembers which name was missing, and where it was looked for."""

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: str | None = None,
        exc: type[jinja2.TemplateRuntimeError] = jinja2.UndefinedError,
    ) -> None:
        remember: Any = functools.partial(MissingName, name=name, holder=obj)
        super().__init__(hint, obj, name, remember if exc is jinja2.UndefinedError else exc)


def _printable(value: Any) -> Any:
    if callable(value) and not isinstance(value, jinja2.Undefined):
        _refuse_function(value)
    return value


def _refuse_function(value: Any) -> NoReturn:
    name = getattr(value, "__name__", "this")
    raise TypeError(f"{name!r} is a function, not a value; a key of that name is missing")


def _to_json(value: Any, indent: int | None = None) -> str:
    """JSON as a prompt shows it: in order, and without the escapes that HTML needs."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)


def _missing(
    error: MissingName,
    names: Mapping[str, object],
    path: str | os.PathLike[str],
    subject: str,
    line: int,
) -> DataError:
    holder = names if error.holder is missing else error.holder
    inside = "" if error.holder is missing else f" in {shown(holder)}"
    known = sorted(str(key) for key in holder.keys()) if hasattr(holder, "keys") else []
    near = nearest(str(error.name), known)
    hint = f"; did you mean {near!r}?" if near is not None else ""
    return DataError(
        path,
        f"{subject} has no {error.name!r}{inside}{hint}",
        f"Names available: {', '.join(known) or 'none'}",
        line=line,
    )


def _line_of(error: BaseException, section: Section) -> int:
    line = 1
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _STRING_FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return section.line + line - 1
