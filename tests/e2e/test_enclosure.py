"""What a run leaves behind when it ends, is interrupted, or is killed: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.e2e import enclosure, layout

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OUTER = """
import sys
from pathlib import Path
from tools.e2e import enclosure
sys.exit(enclosure.run(sys.argv[1:], {}, Path.cwd()))
"""
BUSY = """
set -e
name=$(echo "$ARGO_ARTIFACTS_E2E" | sed 's/.*"name": "\\([^"]*\\)".*/\\1/')
for folder in /sys/fs/cgroup /sys/fs/cgroup/memory; do
  if [ -e "$folder/cgroup.procs" ]; then
    mkdir -p "$folder/$name/inner"
    sleep 1000 & echo $! > "$folder/$name/inner/cgroup.procs"
  fi
done
setsid sleep 1001 &
echo mine > /run/left
echo mine > /var/lib/left
echo mine > /etc/left
echo 1 > /proc/sys/vm/panic_on_oom
ip link add name left type bridge
echo "$name"
"""


@contextmanager
def start(script: str) -> Iterator[subprocess.Popen[str]]:
    outer = subprocess.Popen(
        [sys.executable, "-c", OUTER, "sh", "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield outer
    finally:
        outer.kill()
        outer.communicate()


def groups(name: str) -> list[str]:
    places = (layout.CGROUPS, layout.CGROUPS / "memory")
    return [str(place / name) for place in places if (place / name).exists()]


def left(name: str) -> list[str]:
    """Return everything of an enclosure that is still there."""
    places = ("/run/left", "/var/lib/left", "/etc/left")
    files = [path for path in places if Path(path).exists()]
    devices = ["left"] if Path("/sys/class/net/left").exists() else []
    processes = []
    for variables in Path("/proc").glob("[0-9]*/environ"):
        try:
            if json.dumps(name).encode() in variables.read_bytes():
                processes.append(variables.parent.name)
        except OSError:
            continue
    return groups(name) + files + devices + processes


def gone(name: str) -> bool:
    deadline = time.monotonic() + 20
    while left(name) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not left(name)


def test_a_run_that_ends_returns_the_commands_code_and_leaves_nothing():
    panic = Path("/proc/sys/vm/panic_on_oom").read_text()
    resolver = Path("/etc/resolv.conf").stat().st_mtime_ns
    with start(f"{BUSY}\nexit 7") as outer:
        name = outer.stdout.readline().strip()
        assert name.startswith(layout.CGROUP_PREFIX)
        assert outer.wait(30) == 7
    assert left(name) == []
    assert Path("/proc/sys/vm/panic_on_oom").read_text() == panic
    assert Path("/etc/resolv.conf").stat().st_mtime_ns == resolver


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_from_outside_leaves_nothing(number):
    with start(f"{BUSY}\nsleep 1002") as outer:
        name = outer.stdout.readline().strip()
        assert left(name)
        outer.send_signal(number)
        outer.wait(30)
        assert gone(name), left(name)


def test_control_groups_of_a_run_whose_first_process_was_killed_go_with_the_next_run():
    with start(f"{BUSY}\nsleep 1003") as outer:
        name = outer.stdout.readline().strip()
        (first,) = [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if b"tools.e2e.first" in path.read_bytes() and "sleep 1003" in path.read_text()
            if "unshare" not in path.read_text()
        ]
        os.kill(outer.pid, signal.SIGKILL)
        os.kill(first, signal.SIGKILL)
        outer.wait(30)
    enclosure.remove_cgroups()
    assert gone(name), left(name)


def test_two_runs_at_a_time_do_not_meet():
    empty = 'echo "$ARGO_ARTIFACTS_E2E"; sleep 1004'
    with start(empty) as one:
        name = json.loads(one.stdout.readline())["name"]
        with start(f"{BUSY}\nexit 0") as other:
            assert other.wait(30) == 0  # it removes what it takes for the rest of others
        assert len(groups(name)) >= 1
        one.kill()
        one.wait(30)
    assert gone(name), left(name)
