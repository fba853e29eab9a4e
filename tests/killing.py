"""Run code in a child process and kill it in the middle."""

from __future__ import annotations

import os
import signal
import time
import traceback
import warnings
from collections.abc import Callable


def kill_during(work: Callable[[], object], delay_s: float) -> None:
    """Fork, let the child repeat ``work``, and SIGKILL it ``delay_s`` after its first round."""
    ready_read, ready_write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside xdist's threads
        pid = os.fork()
    if pid == 0:
        try:
            work()
            os.write(ready_write, b"x")
            while True:
                work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(ready_write)
    try:
        assert os.read(ready_read, 1) == b"x", "the child failed before it was killed"
        time.sleep(delay_s)
    finally:
        os.close(ready_read)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "the child ended before it was killed"


def in_parallel(number: int, work: Callable[[int], object]) -> None:
    """Run ``work(0) .. work(number - 1)`` in forked processes at once; all must succeed."""
    children = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for index in range(number):
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    work(index)
                    code = 0
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(code)
            children.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    assert codes == [0] * number
