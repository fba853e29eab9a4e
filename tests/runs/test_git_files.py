from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pytest_ftgate.errors import DataError, NoBaseline, StoreError
from pytest_ftgate.runs.accepting import accept
from pytest_ftgate.runs.baseline import read, read_from_git
from tests.runs.making import held, run_of, scored

PATH = Path("evals/baselines/triage.jsonl")


def git(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit_baseline(root: Path, *cases: str) -> None:
    run = run_of(*(scored(case, held()) for case in cases))
    accept(run, "triage", path=root / PATH, now="2026-10-02T08:00:00Z", replace=True)
    git("add", ".", cwd=root)
    git("commit", "-q", "-m", "baseline", cwd=root)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose branch main holds a baseline of two cases; the working directory."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "work"
    root.mkdir()
    git("init", "-q", "-b", "main", cwd=root)
    commit_baseline(root, "c1", "c2")
    monkeypatch.chdir(root)
    return root


def test_the_committed_one_counts_whatever_the_working_tree_says(repository: Path) -> None:
    committed = read(PATH)
    git("switch", "-q", "-c", "feature", cwd=repository)
    commit_baseline(repository, "c1")
    (repository / PATH).write_text("vouching for myself")
    assert read_from_git("main", PATH, repository) == committed


@pytest.mark.parametrize("ref", ["main", "HEAD", "v1", "short"])
def test_branches_tags_and_commits(repository: Path, ref: str) -> None:
    git("tag", "-a", "v1", "-m", "one", cwd=repository)
    if ref == "short":
        ref = git("rev-parse", "--short", "HEAD", cwd=repository)
    assert read_from_git(ref, PATH, repository).header.cases == 2


def test_paths_are_relative_to_the_directory_given(repository: Path) -> None:
    below = repository / "evals"
    assert read_from_git("main", "baselines/triage.jsonl", below).header.cases == 2
    assert read_from_git("main", repository / PATH, below).header.cases == 2


def test_through_a_link_to_the_repository(repository: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(repository)
    assert read_from_git("main", link / PATH, link).header.cases == 2


def test_what_the_commit_does_not_hold(repository: Path) -> None:
    with pytest.raises(NoBaseline) as caught:
        read_from_git("main", "evals/baselines/other.jsonl", repository)
    assert str(caught.value) == (
        "main:evals/baselines/other.jsonl: the commit has no such file. Accept a run there first."
    )


def test_a_damaged_file_is_named_with_its_commit(repository: Path) -> None:
    (repository / PATH).write_text("{\n")
    git("commit", "-q", "-a", "-m", "damage", cwd=repository)
    with pytest.raises(DataError, match=r"^HEAD:evals/baselines/triage\.jsonl:1: Input data was"):
        read_from_git("HEAD", PATH, repository)


def test_a_directory(repository: Path) -> None:
    with pytest.raises(StoreError, match=r"^main:evals/baselines: cannot be read\. git says: "):
        read_from_git("main", PATH.parent, repository)


@pytest.mark.parametrize("ref", ["", "--all", "nowhere", "main:evals", "main^{tree}"])
def test_an_unknown_commit(repository: Path, ref: str) -> None:
    with pytest.raises(StoreError) as caught:
        read_from_git(ref, PATH, repository)
    assert str(caught.value) == (
        f"The repository has no commit {ref!r}. Name a branch, a tag or a commit, like origin/main."
    )


def clone(repository: Path, *options: str) -> Path:
    target = repository.with_name("clone")
    git("clone", "-q", *options, repository.as_uri(), str(target), cwd=repository)
    return target


def test_a_branch_that_was_not_fetched(repository: Path) -> None:
    git("switch", "-q", "-c", "feature", cwd=repository)
    shallow = clone(repository, "--depth=1", "--branch=feature")
    with pytest.raises(StoreError) as caught:
        read_from_git("origin/main", PATH, shallow)
    advice = "git fetch --depth=1 origin +refs/heads/main:refs/remotes/origin/main"
    assert str(caught.value) == (
        "The repository has no commit 'origin/main'. If origin has the branch main, fetch it: "
        f"{advice}"
    )
    git(*advice.split()[1:], cwd=shallow)
    assert read_from_git("origin/main", PATH, shallow).header.cases == 2


def test_a_shallow_clone(repository: Path) -> None:
    first = git("rev-parse", "HEAD", cwd=repository)
    commit_baseline(repository, "c1")
    with pytest.raises(StoreError, match="This is a shallow clone: fetch the commit, or every"):
        read_from_git(first, PATH, clone(repository, "--depth=1"))


def test_outside_of_the_repository(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        read_from_git("main", tmp_path / "other.jsonl", repository)
    assert str(caught.value) == (
        f"{tmp_path}/other.jsonl: lies outside of the repository {repository}, so main cannot hold "
        "it. Name a file of the repository."
    )


def test_no_repository(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        read_from_git("main", PATH, tmp_path)
    assert str(caught.value).startswith(
        f"{tmp_path}: git finds no repository here, so no earlier version can be read. git says: "
        "fatal: not a git repository"
    )


def test_no_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(StoreError) as caught:
        read_from_git("main", PATH, repository)
    assert str(caught.value) == (
        "git cannot be run: No such file or directory. Install git, or name the baseline by its "
        "path."
    )
