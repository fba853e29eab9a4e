"""Options: command line, environment and ``[tool.ftgate]`` become one frozen :class:`Settings`.

This module is loaded in every pytest session, so it imports nothing heavy and reads nothing
but a pyproject.toml that has a ``[tool.ftgate]`` table. None of its classes is a dataclass,
which takes milliseconds to make.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from pytest_ftgate.errors import ConfigError, did_you_mean
from pytest_ftgate.runs.shards import parse_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pytest

RecordMode = Literal["none", "new_episodes", "all", "off"]
Split = Literal["dev", "train", "holdout"]
Severity = Literal["warn", "fail"]
OnInconclusive = Literal["pass", "fail"]
Outputs = Literal["full", "hash", "none"]


class Settings(SimpleNamespace):
    """What the user asked for, after command line, environment and pyproject were merged.

    ``None`` means "not said": an experiment or a marker may still decide. Nothing changes them.
    """

    record: RecordMode = "none"
    variant: tuple[str, ...] = ()
    split: Split | None = None
    holdout: bool = False
    trials: int | None = None
    confirm: bool = False
    limit: int | None = None
    seed: int = 0
    shard: tuple[int, int] | None = None
    concurrency: int = 8
    baseline: Path | None = None
    baseline_ref: str | None = None
    missing_baseline: Severity = "warn"
    json: Path | None = None
    markdown: Path | None = None
    html: Path | None = None
    junit_properties: bool = False
    gate: bool = True
    store: Path = Path(".ftgate")
    cassettes: str = "cassettes"
    baselines: str = "baselines"
    max_errors: int = 0
    on_partial: Severity = "warn"
    on_inconclusive: OnInconclusive = "pass"
    outputs: Outputs = "full"
    passthrough_hosts: tuple[str, ...] = ()
    keep_request_ids: bool = False

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name} was settled when the session began")


class _Option(NamedTuple):
    """One setting: its command-line form (if it has one) and how a raw value is read."""

    name: str
    read: Callable[[Any], Any]
    help: str = ""
    metavar: str | None = None
    flag: bool | None = None  # the value a bare flag stores
    repeat: bool = False
    cli: bool = True

    @property
    def switch(self) -> str:
        name = f"no-{self.name}" if self.flag is False else self.name
        return "--ftgate-" + name.replace("_", "-")

    @property
    def dest(self) -> str:
        return f"ftgate_{self.name}"

    @property
    def variable(self) -> str:
        return f"FTGATE_{self.name.upper()}"


def _choice(of: Any) -> Callable[[Any], str]:
    """Reads one of the texts of a ``Literal``."""
    allowed = get_args(of)

    def read(raw: Any) -> str:
        if raw not in allowed:
            raise ValueError(f"got {raw!r}, allowed: {', '.join(allowed)}")
        return str(raw)

    return read


def _whole(minimum: int) -> Callable[[Any], int]:
    def read(raw: Any) -> int:
        problem = f"got {raw!r}, allowed: a whole number of at least {minimum}"
        if isinstance(raw, (bool, float)):
            raise ValueError(problem)
        try:
            number = int(raw)
        except (TypeError, ValueError):
            raise ValueError(problem) from None
        if number < minimum:
            raise ValueError(problem)
        return number

    return read


def _boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in ("1", "true", "yes", "on"):
        return True
    if isinstance(raw, str) and raw.lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError(f"got {raw!r}, allowed: true, false")


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not raw:
        raise ValueError(f"got {raw!r}, allowed: a non-empty string")
    return raw


def _path(raw: Any) -> Path:
    return Path(raw) if isinstance(raw, Path) else Path(_text(raw))


def _texts(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = [part.strip() for part in raw.split(",")]
    if not isinstance(raw, (list, tuple)):
        raise ValueError(f"got {raw!r}, allowed: a list of strings")
    return tuple(_text(part) for part in raw)


_OPTIONS = (
    _Option(
        "record",
        _choice(RecordMode),
        "none: replay only, no network (default); new_episodes: record what is missing; "
        "all: record everything again; off: live calls, cassettes untouched",
        "{none,new_episodes,all,off}",
    ),
    _Option(
        "variant",
        _texts,
        "evaluate this variant instead of the experiment's current one; repeatable; 'all'",
        "NAME",
        repeat=True,
    ),
    _Option("split", _choice(Split), "evaluate this split instead of dev", "{dev,train,holdout}"),
    _Option(
        "holdout",
        _boolean,
        "evaluate the holdout split; each use is written to the holdout ledger",
        flag=True,
    ),
    _Option("trials", _whole(1), "repeat each case N times", "N"),
    _Option(
        "confirm",
        _boolean,
        "in a live session, run all cases of a suite that got worse to 5 trials, and judge those",
        flag=True,
    ),
    _Option("limit", _whole(1), "evaluate a stratified sample of N cases (a partial run)", "N"),
    _Option("seed", _whole(0), "seed of the --ftgate-limit sample (default 0)", "N"),
    _Option("shard", parse_shard, "evaluate the i-th of n shares of the cases, to merge", "I/N"),
    _Option("concurrency", _whole(1), "concurrent tasks while recording (default 8)", "N"),
    _Option("baseline", _path, "compare with this baseline file or folder", "PATH"),
    _Option(
        "baseline_ref",
        _text,
        "read the baselines as this git commit holds them, like origin/main",
        "REF",
    ),
    _Option(
        "missing_baseline",
        _choice(Severity),
        "what a suite without a baseline means for a regression gate (default warn)",
        "{warn,fail}",
    ),
    _Option("json", _path, "write the verdict document", "PATH"),
    _Option("markdown", _path, "write the Markdown report (for a pull request comment)", "PATH"),
    _Option("html", _path, "write the HTML report", "PATH"),
    _Option(
        "junit_properties",
        _boolean,
        "write the KPIs into JUnit XML, as properties of the gates' test cases",
        flag=True,
    ),
    _Option("gate", _boolean, "evaluate and report, but judge no gate", flag=False),
    _Option("store", _path, "where runs are stored (default .ftgate)", "DIR"),
    _Option("cassettes", _text, cli=False),
    _Option("baselines", _text, cli=False),
    _Option("max_errors", _whole(0), cli=False),
    _Option("on_partial", _choice(Severity), cli=False),
    _Option("on_inconclusive", _choice(OnInconclusive), cli=False),
    _Option("outputs", _choice(Outputs), cli=False),
    _Option("passthrough_hosts", _texts, cli=False),
    _Option("keep_request_ids", _boolean, cli=False),
)


def add_options(parser: pytest.Parser) -> None:
    """Declare the ``--ftgate-*`` options."""
    group = parser.getgroup("ftgate", "evaluation of LLM features (pytest-ftgate)")
    for option in _OPTIONS:
        if not option.cli:
            continue
        spec: dict[str, Any] = {"dest": option.dest, "default": None, "help": option.help}
        if option.flag is not None:
            spec["action"] = "store_const"
            spec["const"] = option.flag
        else:
            spec["action"] = "append" if option.repeat else "store"
            spec["metavar"] = option.metavar
        group.addoption(option.switch, **spec)


def read_settings(config: pytest.Config) -> Settings:
    """Merge command line, environment and ``[tool.ftgate]``, in this order of precedence.

    Raises:
        ConfigError: a value is not allowed or a key of ``[tool.ftgate]`` is unknown.
    """
    pyproject = config.rootpath / "pyproject.toml"
    merged = _from_pyproject(pyproject)
    merged.update(_from_environment(os.environ))
    merged.update(_from_command_line(config))
    merged["store"] = config.rootpath / merged.get("store", Settings.store)
    if getattr(config.option, "setuponly", False):  # fixtures alone must send and record nothing
        merged["record"] = "none"
    settings = Settings(**merged)
    if settings.split == "holdout" and not settings.holdout:
        raise ConfigError(
            "--ftgate-split=holdout needs --ftgate-holdout: each use of the holdout is written "
            "to its ledger, because a holdout that is looked at often stops being one."
        )
    if settings.holdout and settings.split not in (None, "holdout"):
        raise ConfigError(
            f"--ftgate-holdout contradicts --ftgate-split={settings.split}: leave one out."
        )
    return _with_confirm_checked(settings, config)


def _with_confirm_checked(settings: Settings, config: pytest.Config) -> Settings:
    """The settings with the confirm step on only where it can add anything.

    Raises:
        ConfigError: it was asked for where it cannot run.
    """
    if not settings.confirm:
        return settings
    if settings.record == "none":
        if config.getoption("ftgate_confirm", default=None):
            raise ConfigError(
                "--ftgate-confirm has nothing to do in replay: a recording answers the same each "
                "time. Use it in a live session, with --ftgate-record=off, new_episodes or all."
            )
        return Settings(**{**vars(settings), "confirm": False})
    if settings.shard is not None or config.getoption("dist", "no") != "no":
        raise ConfigError(
            "--ftgate-confirm needs a session that sees all cases: leave out --ftgate-shard and "
            "-n (tasks run many at a time by --ftgate-concurrency), or use --ftgate-trials=5."
        )
    return settings


def project_settings(root: Path) -> Settings:
    """The settings of a project outside of pytest: environment and ``[tool.ftgate]``.

    Raises:
        ConfigError: as for :func:`read_settings`.
    """
    merged = _from_pyproject(root / "pyproject.toml")
    merged.update(_from_environment(os.environ))
    merged["store"] = root / merged.get("store", Settings.store)
    return Settings(**merged)


def _from_command_line(config: pytest.Config) -> dict[str, Any]:
    found = {}
    for option in _OPTIONS:
        raw = config.getoption(option.dest, default=None) if option.cli else None
        if raw is not None:
            found[option.name] = _read(option, raw, option.switch)
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    return {
        option.name: _read(option, environ[option.variable], f"environment {option.variable}")
        for option in _OPTIONS
        if environ.get(option.variable)
    }


def _from_pyproject(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError:
        return {}
    if b"ftgate" not in content:  # most projects: do not pay for a parser
        return {}
    import tomllib

    try:
        text = content.decode("utf-8")
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name}: not a TOML file: {error}.") from None
    tool = document.get("tool")
    table = tool.get("ftgate", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        where = _place(path, text, "tool", "ftgate")
        raise ConfigError(f"{where}: [tool.ftgate] is {table!r}, allowed: a table of settings.")
    by_name = {option.name: option for option in _OPTIONS}
    found = {}
    for key, raw in table.items():
        option = by_name.get(key)
        try:
            if option is None:
                raise ConfigError(f"[tool.ftgate] has an unknown key {key!r}{_advice(key)}")
            found[key] = _read(option, raw, f"[tool.ftgate] {key}")
        except ConfigError as error:
            raise ConfigError(f"{_place(path, text, 'tool', 'ftgate', key)}: {error}") from None
    return found


def _place(path: Path, text: str, *keys: str) -> str:
    """The file's name, and the line of a key or of the nearest table around it."""
    from pytest_ftgate.experiments.toml_lines import key_lines  # only for messages

    lines = key_lines(text)
    for length in range(len(keys), 0, -1):
        if keys[:length] in lines:
            return f"{path.name}:{lines[keys[:length]]}"
    return path.name


def _advice(key: str) -> str:
    """What to do with a key that is no setting."""
    from pytest_ftgate.experiments.homes import EXPERIMENT, MARKER

    if key in EXPERIMENT:
        return ". It belongs into an experiment.toml."
    if key in MARKER:
        return ". It is an argument of the test's marker, llm_eval(...)."
    return f": {did_you_mean(key, [option.name for option in _OPTIONS])}"


def _read(option: _Option, raw: Any, where: str) -> Any:
    try:
        return option.read(raw)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}.") from None
