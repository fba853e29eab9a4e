"""Facts about where a run happens: time, versions, commit, CI."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_now = datetime.now  # captured at import, so that tests which freeze time do not freeze records
_PACKAGES = ("pytest-ftgate", "pytest", "vcrpy", "openai", "anthropic", "numpy", "jsonschema")
_CI_VARIABLES = {
    "GITHUB_ACTIONS": ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_REF", "GITHUB_SHA"),
    "GITLAB_CI": ("CI_PROJECT_PATH", "CI_PIPELINE_ID", "CI_COMMIT_REF_NAME", "CI_COMMIT_SHA"),
}


def utc_now() -> str:
    """The current instant as ISO 8601 in UTC, to the second."""
    return _now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide what a run says."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_commit(directory: Path) -> str | None:
    """The checked-out commit, with ``-dirty`` when files differ from it; ``None`` without git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def ci_facts() -> dict[str, str]:
    """Which CI this is and which build, from its documented environment variables."""
    for marker, names in _CI_VARIABLES.items():
        if os.environ.get(marker):
            facts = {name: os.environ[name] for name in names if os.environ.get(name)}
            return {"system": marker, **facts}
    return {"system": "CI"} if os.environ.get("CI") else {}
