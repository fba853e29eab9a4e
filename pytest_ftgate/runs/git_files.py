"""Files as a commit holds them, so that a change cannot vouch for itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pytest_ftgate.errors import NoBaseline, StoreError, shown_path

_TIMEOUT_S = 60


def read_from_commit(ref: str, path: str | os.PathLike[str], cwd: Path) -> tuple[bytes, str]:
    """The content of a file at a commit.

    Args:
        ref: a branch, tag or commit, like ``origin/main``.
        path: the file in the working tree, where it need not exist; relative to ``cwd``.
        cwd: a directory of the repository.

    Returns:
        The content, and ``ref:path`` as messages name it.

    Raises:
        NoBaseline: the commit has no such file.
        StoreError: git, the repository or the commit is not there, or the file lies outside of
            the repository.
    """
    top = Path(_top(cwd))
    target = Path(cwd, path)
    file = target.parent.resolve() / target.name
    if not file.is_relative_to(top.resolve()):
        raise StoreError(
            f"{shown_path(target)}: lies outside of the repository {top}, so {ref} cannot hold it. "
            "Name a file of the repository."
        )
    place = file.relative_to(top.resolve()).as_posix()
    commit = _commit(ref, cwd)
    name = f"{ref}:{place}"
    if _git(["cat-file", "-e", f"{commit}:{place}"], cwd).returncode != 0:
        raise NoBaseline(f"{name}: the commit has no such file. Accept a run there first.")
    found = _git(["cat-file", "blob", f"{commit}:{place}"], cwd)
    if found.returncode != 0:
        raise StoreError(f"{name}: cannot be read. git says: {_first_line(found.stderr)}")
    return found.stdout, name


def _top(cwd: Path) -> str:
    done = _git(["rev-parse", "--show-toplevel"], cwd)
    if done.returncode != 0:
        raise StoreError(
            f"{shown_path(cwd)}: git finds no repository here, so no earlier version can be read. "
            f"git says: {_first_line(done.stderr)}"
        )
    return os.fsdecode(done.stdout.rstrip(b"\n"))


def _commit(ref: str, cwd: Path) -> str:
    if ref and not ref.startswith("-"):
        done = _git(["rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}"], cwd)
        if done.returncode == 0:
            return done.stdout.decode("ascii").strip()
    raise StoreError(f"The repository has no commit {ref!r}. {_advice(ref, cwd)}")


def _advice(ref: str, cwd: Path) -> str:
    remote, _, branch = ref.partition("/")
    remotes = _git(["remote"], cwd).stdout.decode("utf-8", "replace").split()
    if branch and remote in remotes:
        fetch = f"git fetch --depth=1 {remote} +refs/heads/{branch}:refs/remotes/{ref}"
        return f"If {remote} has the branch {branch}, fetch it: {fetch}"
    shallow = _git(["rev-parse", "--is-shallow-repository"], cwd).stdout.strip() == b"true"
    if shallow:
        return "This is a shallow clone: fetch the commit, or everything by git fetch --unshallow"
    return "Name a branch, a tag or a commit, like origin/main."


def _git(arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=cwd,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StoreError(
            f"git {arguments[0]} did not answer within {_TIMEOUT_S} s. Check the repository."
        ) from None
    except OSError as error:
        raise StoreError(
            f"git cannot be run: {error.strerror}. Install git, or name the baseline by its path."
        ) from error


def _first_line(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0] if lines else "nothing"
