"""The doctor on what is installed: Python, packages, SDKs, keys, the plugin, interception."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import subprocess
import sys
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from pytest_ftgate.cli.doctor.findings import info, ok, problem
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_ftgate.cli.doctor.findings import Finding

PACKAGE = "pytest-ftgate"
_CLIENTS = ("httpx2", "httpx", "urllib3", "requests", "aiohttp")
_KEYS = (("OPENAI_API_KEY",), ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"))
_PYTEST_TIMEOUT_S = 120


class _Package(NamedTuple):
    name: str
    wanted: SpecifierSet
    installed: str | None

    @property
    def fits(self) -> bool:
        return self.installed is not None and self.wanted.contains(self.installed, prereleases=True)

    def __str__(self) -> str:
        return f"{self.name} {self.installed}"


def examine() -> Iterator[Finding]:
    """Everything that does not depend on the project."""
    yield python(platform.python_version())
    yield from packages()
    yield from keys(os.environ)
    yield plugin()
    yield interception()


def python(version: str) -> Finding:
    """Whether the interpreter is recent enough."""
    wanted = SpecifierSet(metadata.metadata(PACKAGE)["Requires-Python"])
    if not wanted.contains(version, prereleases=True):
        return problem("python", f"{version}, needed is {wanted}. Make an environment with it.")
    return ok("python", version)


def packages() -> Iterator[Finding]:
    """Whether what is needed is there and recent enough; then the same for each extra."""
    yield ok(PACKAGE, metadata.version(PACKAGE))
    required = list(_required(""))
    unfit = [package for package in required if not package.fits]
    for package in unfit:
        yield problem("packages", _shortfall(package))
    if not unfit:
        yield ok("packages", ", ".join(map(str, required)))
    for extra in sorted({*(metadata.metadata(PACKAGE).get_all("Provides-Extra") or ())} - {"all"}):
        yield from _extra(extra, list(_required(extra)))


def _extra(extra: str, wanted: list[_Package]) -> Iterator[Finding]:
    what, command = f"extra {extra}", f"pip install '{PACKAGE}[{extra}]'"
    present = [package for package in wanted if package.installed is not None]
    for package in present:
        if not package.fits:
            yield problem(what, f"{_shortfall(package)} Or: {command}")
    if present and all(package.fits for package in wanted):
        yield ok(what, ", ".join(map(str, present)))
    missing = [package.name for package in wanted if package.installed is None]
    if missing:
        yield info(what, f"without {', '.join(missing)}; to have it: {command}")


def _required(extra: str) -> Iterator[_Package]:
    """The packages that an extra brings, or without a name those that are always needed."""
    for line in metadata.requires(PACKAGE) or ():
        requirement = Requirement(line)
        if requirement.name == PACKAGE:  # an extra made of others
            continue
        marker = requirement.marker
        always = marker is None or marker.evaluate({"extra": ""})
        if always != (not extra) or (marker is not None and not marker.evaluate({"extra": extra})):
            continue
        try:
            installed = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            installed = None
        yield _Package(requirement.name, requirement.specifier, installed)


def _shortfall(package: _Package) -> str:
    wanted = f"{package.name}{package.wanted}"
    got = f"{package} is installed" if package.installed else f"{package.name} is not installed"
    return f"{got}, needed is {wanted}. Run: pip install '{wanted}'"


def keys(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Which providers' keys are set; replaying needs none, recording does."""
    for names in _KEYS:
        given = [name for name in names if environ.get(name, "").strip()]
        if given:
            yield ok("key", f"{' and '.join(given)} set")
        else:
            yield info("key", f"{names[0]} is not set; only recording needs it")


def plugin(arguments: Iterable[str] = ()) -> Finding:
    """Whether pytest, started here, has the plugin active.

    It is asked in a process of its own: configuration and conftest files may switch plugins off.

    Args:
        arguments: what to add to pytest's command line.
    """
    command = [sys.executable, "-m", "pytest", "--markers", "-p", "no:cacheprovider", *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PYTEST_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return problem("plugin", f"pytest cannot be started: {shown(str(error), 300)}")
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it says nothing"]
        reason = shown(" ".join(said[-3:]), 300)
        told = reason.rstrip(".")
        return problem("plugin", f"pytest does not start here: {told}. Run pytest to see more.")
    if "@pytest.mark.llm_eval(" in done.stdout:
        return ok("plugin", "active in pytest")
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        advice = "PYTEST_DISABLE_PLUGIN_AUTOLOAD is set: run pytest with -p pytest_ftgate.plugin"
    else:
        advice = 'look for "-p no:ftgate" in addopts, in PYTEST_ADDOPTS and in conftest files'
    return problem("plugin", f"not active in pytest: {advice}.")


def interception() -> Finding:
    """Whether a request of each installed HTTP client would be caught while replaying."""
    there = [name for name in _CLIENTS if importlib.util.find_spec(name) is not None]
    try:
        from pytest_ftgate.recording import Recorder

        for name in there:
            importlib.import_module(name)
        with Recorder("none") as recorder:
            recorder.check_interception()
    except FtgateError as error:
        return problem("interception", str(error))
    except Exception as error:  # a broken installation can raise anything
        reason = shown(f"{type(error).__name__}: {error}", 300)
        return problem("interception", f"cannot be tried: {reason}")
    return ok("interception", f"replay catches requests of {', '.join([*there, 'http.client'])}")
