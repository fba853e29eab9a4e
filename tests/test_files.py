from __future__ import annotations

import ast
import errno
import fcntl
import itertools
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate import files
from pytest_ftgate.errors import StoreError
from tests.full_disk import output_of
from tests.killing import kill_during

TEMP = ".ftgate-0123456789abcdef.tmp"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


class TestWriteAtomic:
    def test_writes_and_replaces(self, tmp_path: Path) -> None:
        path = tmp_path / "made" / "for it" / "file"
        files.write_atomic(path, b"old")
        files.write_atomic(path, b"new")
        assert path.read_bytes() == b"new"
        assert names(path.parent) == ["file"]

    def test_respects_umask_and_keeps_the_mode(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        old_umask = os.umask(0o027)
        try:
            files.write_atomic(path, b"1")
        finally:
            os.umask(old_umask)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        files.write_atomic(path, b"2")
        assert stat.S_IMODE(path.stat().st_mode) == 0o604

    def test_replaces_a_link_and_spares_its_target(self, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.write_bytes(b"precious")
        link = tmp_path / "link"
        link.symlink_to(outside)
        files.write_atomic(link, b"new")
        assert outside.read_bytes() == b"precious"
        assert not link.is_symlink()
        assert link.read_bytes() == b"new"

    def test_refuses_a_linked_directory_that_leads_outside(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        root.mkdir()
        (tmp_path / "elsewhere").mkdir()
        (root / "dir").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(StoreError, match=r"lies outside .*root after following links"):
            files.write_atomic(root / "dir" / "file", b"x", root=root)
        assert names(tmp_path / "elsewhere") == []
        files.write_atomic(root / "sub" / "file", b"x", root=root)
        assert (root / "sub" / "file").read_bytes() == b"x"

    def test_failure_keeps_the_old_file_and_leaves_no_temp(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"old")

        def full(fd: int, data: object) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(files.os, "write", full)
        with pytest.raises(StoreError) as caught:
            files.write_atomic(path, b"new")
        monkeypatch.undo()
        assert str(caught.value) == (
            "file: cannot be written: No space left on device. What was there is unchanged. "
            "Free some space on the disk and run again."
        )
        assert path.read_bytes() == b"old"
        assert names(tmp_path) == ["file"]

    def test_file_size_limit(self, tmp_path: Path) -> None:
        """The limit stops a write half-way, as a full disk does."""
        path = tmp_path / "file"
        path.write_bytes(b"old")
        script = (
            "import sys\n"
            "from pytest_ftgate import errors, files\n"
            "try:\n"
            "    files.write_atomic(sys.argv[1], b'x' * 100_000)\n"
            "except errors.StoreError as error:\n"
            "    print(error)\n"
        )
        printed = output_of(script, path, size=50_000)
        assert "File too large" in printed
        assert "What was there is unchanged." in printed
        assert path.read_bytes() == b"old"
        assert names(tmp_path) == ["file"]

    def test_a_directory_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "file").mkdir()
        with pytest.raises(StoreError, match="Choose a path that is not a directory"):
            files.write_atomic(tmp_path / "file", b"x")
        assert names(tmp_path) == ["file"]

    def test_killed_200_times(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        contents = [b"a" * 40_000, b"b" * 60_000]
        path.write_bytes(contents[0])
        turn = itertools.cycle(contents)
        for round_ in range(200):
            kill_during(lambda: files.write_atomic(path, next(turn)), delay_s=round_ * 2e-5)
            assert path.read_bytes() in contents
        files.write_atomic(path, contents[0])
        assert names(tmp_path) == ["file"]

    def test_what_a_killed_process_left_is_removed_by_the_next_write(self, tmp_path: Path) -> None:
        (tmp_path / TEMP).write_bytes(b"half")
        files.write_atomic(tmp_path / "file", b"x")
        assert names(tmp_path) == ["file"]

    def test_a_cleaner_that_takes_the_fresh_temp_is_outrun(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = []
        really = fcntl.flock

        def late(fd: int, how: int) -> None:
            if not taken:
                taken.extend(names(tmp_path))
                (tmp_path / taken[0]).unlink()
            really(fd, how)

        monkeypatch.setattr(files.fcntl, "flock", late)
        files.write_atomic(tmp_path / "file", b"x")
        assert (tmp_path / "file").read_bytes() == b"x"
        assert len(taken) == 1

    def test_an_interrupt_before_the_write_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(fd: int, how: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(files.fcntl, "flock", interrupted)
        with pytest.raises(KeyboardInterrupt):
            files.write_atomic(tmp_path / "file", b"x")
        assert names(tmp_path) == []


class TestWriteTogether:
    def test_all_are_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"old")
        files.write_together([(tmp_path / "a", b"1"), (tmp_path / "below" / "b", b"2")])
        assert (tmp_path / "a").read_bytes() == b"1"
        assert (tmp_path / "below" / "b").read_bytes() == b"2"
        assert names(tmp_path) == ["a", "below"]

    def test_nothing_to_write(self) -> None:
        files.write_together([])

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_one_that_cannot_be_written_leaves_all(self, tmp_path: Path, place: int) -> None:
        targets = [tmp_path / name for name in ("a", "b")]
        for target in targets:
            target.write_bytes(b"old")
        (tmp_path / "blocked").mkdir()
        targets.insert(place, tmp_path / "blocked")
        with pytest.raises(StoreError, match="blocked: cannot be written: Is a directory"):
            files.write_together([(target, b"new") for target in targets])
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"old"
        assert names(tmp_path) == ["a", "b", "blocked"]

    def test_a_replacement_that_fails_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(self: Path, target: Path) -> None:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr(Path, "replace", broken)
        with pytest.raises(StoreError, match="a: cannot be written: Read-only file system"):
            files.write_together([(tmp_path / "a", b"1")])
        assert names(tmp_path) == []

    def test_outside_of_the_root(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        root.mkdir()
        with pytest.raises(StoreError, match="lies outside"):
            files.write_together([(root / "a", b"1"), (tmp_path / "b", b"2")], root=root)
        assert names(tmp_path) == ["root"]
        assert names(root) == []


class TestCleanStaleTemps:
    def test_removes_what_a_dead_process_left(self, tmp_path: Path) -> None:
        (tmp_path / TEMP).write_bytes(b"half")
        (tmp_path / ".ftgate-notes.txt").write_bytes(b"mine")
        assert files.clean_stale_temps(tmp_path) == 1
        assert names(tmp_path) == [".ftgate-notes.txt"]

    def test_spares_a_file_in_use(self, tmp_path: Path) -> None:
        with (tmp_path / TEMP).open("wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert files.clean_stale_temps(tmp_path) == 0
        assert names(tmp_path) == [TEMP]

    def test_spares_links_and_directories(self, tmp_path: Path) -> None:
        (tmp_path / "target").write_bytes(b"x")
        (tmp_path / TEMP).symlink_to(tmp_path / "target")
        (tmp_path / TEMP.replace("0", "1")).mkdir()
        assert files.clean_stale_temps(tmp_path) == 0
        assert len(names(tmp_path)) == 3

    def test_missing_directory(self, tmp_path: Path) -> None:
        assert files.clean_stale_temps(tmp_path / "none") == 0


class TestAppendLine:
    def open(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def test_is_one_write(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        writes = []
        fd = self.open(tmp_path / "log")
        really = os.write
        monkeypatch.setattr(
            files.os, "write", lambda fd, data: writes.append(data) or really(fd, data)
        )
        files.append_line(fd, b"one")
        files.append_line(fd, b"two\n")
        monkeypatch.undo()
        os.close(fd)
        assert writes == [b"one\n", b"two\n"]
        assert (tmp_path / "log").read_bytes() == b"one\ntwo\n"

    @pytest.mark.parametrize("line", [b"a\nb", b"a\nb\n", b"\n\n"])
    def test_refuses_two_lines(self, tmp_path: Path, line: bytes) -> None:
        fd = self.open(tmp_path / "log")
        with pytest.raises(ValueError, match="newline"):
            files.append_line(fd, line)
        os.close(fd)

    def test_full_disk(self) -> None:
        fd = os.open("/dev/full", os.O_WRONLY)
        with pytest.raises(StoreError, match=r"^log: cannot be written: No space left on device"):
            files.append_line(fd, b"x", path="log")
        os.close(fd)

    def test_a_short_write_is_taken_back(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fd = self.open(tmp_path / "log")
        files.append_line(fd, b"first")
        really = os.write
        monkeypatch.setattr(files.os, "write", lambda fd, data: really(fd, data[:3]))
        with pytest.raises(StoreError, match="No space left"):
            files.append_line(fd, b"second")
        monkeypatch.undo()
        files.append_line(fd, b"third")
        os.close(fd)
        assert (tmp_path / "log").read_bytes() == b"first\nthird\n"


class TestSlug:
    @pytest.mark.parametrize("name", ["v1", "gpt-4.1_mini", "a" * 64, "0", "_x", "console"])
    def test_harmless_names_stay(self, name: str) -> None:
        assert files.slug(name) == name

    @pytest.mark.parametrize(
        ("name", "stem"),
        [
            ("GPT4", "GPT4"),
            ("a/b", "a-b"),
            ("../../etc/passwd", "etc-passwd"),
            (".hidden", "hidden"),
            ("-rf", "rf"),
            ("con", "con"),
            ("com1.jsonl", "com1_jsonl"),
            ("a.", "a"),
            ("naïve", "na-ve"),
            ("", "unnamed"),
            ("\ud800", "unnamed"),
            ("a\0b", "a-b"),
            ("x" * 300, "x" * 51),
            ("v1-0123456789ab", "v1-0123456789ab"),
        ],
    )
    def test_others_are_hashed(self, name: str, stem: str) -> None:
        start, _, mark = files.slug(name).rpartition("-")
        assert start == stem
        assert len(mark) == 12
        assert int(mark, 16) >= 0

    def test_is_stable(self) -> None:
        assert files.slug("GPT4") == "GPT4-e5121c673442"

    def test_normal_forms_are_one_name(self) -> None:
        assert files.slug("caf\u00e9") == files.slug("cafe\u0301")

    @given(st.text(st.characters(exclude_categories=())))
    def test_is_a_safe_file_name(self, name: str) -> None:
        made = files.slug(name)
        assert 1 <= len(made) <= 64
        assert made.isascii()
        assert not made.startswith((".", "-"))
        assert not set(made) - set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
        )

    @given(st.sets(st.text("aAbB-./0é", max_size=4), min_size=2, max_size=20))
    def test_never_collides_even_where_case_is_ignored(self, names: set[str]) -> None:
        assert len({files.slug(name).lower() for name in names}) == len(names)


_WRITING = {"write_text", "write_bytes", "NamedTemporaryFile", "mkstemp", "rename", "renames"}


def writes_of(path: Path) -> list[str]:
    """The calls in a source file that write a file by other means than those of ``files``."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        modes = [value.value for value in node.args if isinstance(value, ast.Constant)]
        modes += [
            word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)
        ]
        opened = name == "open" and any(set("wax+") & set(str(mode)) for mode in modes)
        if name in _WRITING or opened:
            found.append(f"{path.name}:{node.lineno}")
    return found


def test_the_package_writes_through_here_alone() -> None:
    package = Path(files.__file__).parent
    found = [place for path in package.rglob("*.py") for place in writes_of(path)]
    # GitHub's own files are grown, as it asks for.
    assert [place.split(":")[0] for place in found] == ["publishing.py"]
