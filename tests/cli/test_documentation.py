"""The commands that the documentation prints are commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from pytest_ftgate.cli import commands

DOCUMENT = Path(__file__).parents[2] / "docs" / "commands.md"
CALLS = re.findall(r"^(pytest-ftgate .*?)(?:\s+#.*)?$", DOCUMENT.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("call", CALLS)
def test_a_documented_call_is_understood(call: str) -> None:
    command: click.Command = commands
    arguments = shlex.split(call)[1:]
    # With its settings: a command keeps the names of its help option from the first context.
    context = click.Context(command, info_name="pytest-ftgate", **commands.context_settings)
    while isinstance(command, click.Group) and arguments and not command.invoke_without_command:
        _, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        command = found
        context = click.Context(command, parent=context)
    command.parse_args(context, arguments)


def test_every_command_is_documented() -> None:
    text = DOCUMENT.read_text("utf-8")
    context = click.Context(commands)
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        subcommands = list(command.commands) if isinstance(command, click.Group) else []
        for words in [f"{name} {each}" for each in subcommands] or [name]:
            assert f"pytest-ftgate {words}" in text
