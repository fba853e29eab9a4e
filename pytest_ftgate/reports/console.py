"""A rich console that writes into a string, the same whatever the environment says."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

NARROWEST = 40
_ASCII = str.maketrans("·×–−─├┤┼┊●…→⏎", "|x---||+:o~>/")


class TextConsole:
    """A console and the text that was printed to it."""

    def __init__(self, width: int, color: bool) -> None:
        self._file = StringIO()
        self.console = Console(
            file=self._file,
            width=max(width, NARROWEST),
            color_system="standard" if color else None,
            force_terminal=color,
            no_color=not color,
            legacy_windows=False,
            highlight=False,
            markup=False,
            emoji=False,
            _environ={},
        )

    def text(self, unicode: bool) -> str:
        """What was printed, without spaces at line ends; in ASCII unless ``unicode``."""
        text = "".join(f"{line.rstrip()}\n" for line in self._file.getvalue().splitlines())
        if unicode:
            return text
        return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")
