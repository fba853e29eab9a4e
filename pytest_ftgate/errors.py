"""The errors of pytest-ftgate.

Core rooms raise these and nothing else for anything a user can cause; only the pytest layer and
the command layer translate them (a usage error, a collection error, exit code 4). A message says
what is wrong, where, what was got, what is allowed, and what to do.
"""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 20


class FtgateError(Exception):
    """Base of every error that pytest-ftgate raises on purpose."""


class ConfigError(FtgateError):
    """An option, a configuration key or a marker argument is wrong."""


class DataError(FtgateError):
    """A file is wrong: ``path:line:column: reason. advice.``.

    Args:
        path: the file, shown relative to the working directory when it lies below it.
        reason: what is wrong and what was got, without a closing full stop.
        advice: what to do, without a closing full stop; may be empty.
        line: 1-based line, if known.
        column: 1-based column, if known.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        reason: str,
        advice: str = "",
        *,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.line = line
        self.column = column
        self.reason = reason
        self.advice = advice
        super().__init__(self._text())

    def _text(self) -> str:
        where = shown_path(self.path)
        if self.line is not None:
            where += f":{self.line}"
            if self.column is not None:
                where += f":{self.column}"
        text = f"{where}: {_sentence(self.reason)}"
        return f"{text} {_sentence(self.advice)}" if self.advice else text


class DataErrors(FtgateError):
    """Several bad places of one or more files, reported together, a line each.

    ``errors`` holds all of them; the message shows the first 20.
    """

    def __init__(self, errors: Iterable[DataError]) -> None:
        self.errors = tuple(errors)
        shown = [str(error) for error in self.errors[:_SHOWN]]
        if len(self.errors) > _SHOWN:
            shown.append(f"and {len(self.errors) - _SHOWN} more")
        super().__init__("\n".join(shown))


class StoreError(FtgateError):
    """The run store cannot be written or read, or a run in it cannot serve the purpose."""


class NoBaseline(StoreError):
    """There is no baseline where one was looked for."""


class CassetteMiss(FtgateError):
    """Replay was asked for a call that the cassette does not hold."""


class SecretFound(FtgateError):
    """What was about to be written to a cassette still looks like it holds a secret."""


class ProviderError(FtgateError):
    """A provider cannot be used as configured, or answered in a shape that is not understood."""


class CheckError(FtgateError):
    """A check was called with something that it cannot judge: neither a hold nor a miss."""


class FtgateWarning(UserWarning):
    """Something is probably not meant as it stands, but evaluation can go on."""


class MissingExtra(FtgateError):
    """A feature needs a package that is not installed.

    Args:
        feature: what was asked for, as the user knows it.
        extra: the extra of pytest-ftgate that brings the package.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.feature = feature
        self.extra = extra
        super().__init__(
            f"{feature} needs a package that is not installed. "
            f"Install it with: pip install 'pytest-ftgate[{extra}]'"
        )


def did_you_mean(got: str, allowed: Iterable[str]) -> str:
    """A clause that suggests the nearest allowed name, or lists them all.

    Returns:
        ``did you mean 'x'?`` when a name is near, else ``allowed: a, b, c``.
    """
    names = list(allowed)
    near = nearest(got, names)
    return f"did you mean {near!r}?" if near is not None else f"allowed: {', '.join(names)}"


def nearest(got: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The name that ``got`` is most likely a misspelling of, in whichever letter case."""
    known: dict[str, str] = {}
    for name in names:
        known.setdefault(name.casefold(), name)
    near = difflib.get_close_matches(got.casefold(), known, n=1, cutoff=cutoff)
    return known[near[0]] if near else None


def shown(value: object) -> str:
    """A short, printable spelling of any value for a message."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def shown_path(path: str | os.PathLike[str]) -> str:
    """The path as messages show it: relative to the working directory when it lies below it.

    Characters that cannot be printed are escaped, so that a message stays on its line.
    """
    text = os.fspath(path)
    if os.path.isabs(text):
        try:
            relative = os.path.relpath(text)
        except ValueError:  # another drive on Windows
            relative = text
        text = text if relative.startswith(os.pardir) else relative
    return text if text.isprintable() else repr(text)[1:-1]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", ":")) else f"{text}."
