"""Process 1 of an enclosure: prepares mounts and network, runs the command, buries the dead.

Ends when the command has ended or when the pipe closes whose number is the first argument;
everything in the enclosure ends with it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from tools.e2e import enclosure, layout

INTERRUPTED: Final = 130
_KERNEL_SETTINGS: Final = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""Settings of the whole machine that the kubelet writes."""


def main() -> int:
    """Run as a program; the arguments are the pipe and the command."""
    if os.getpid() != 1:
        sys.stderr.write("tools.e2e.first: not process 1, only tools.e2e.enclosure starts it\n")
        return 2
    alive, command = int(sys.argv[1]), sys.argv[2:]
    inside = enclosure.settings()
    if inside is None:
        sys.stderr.write(f"{enclosure.SETTINGS}: not set, tools.e2e.enclosure sets it\n")
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _pass_over)  # the pipe alone says when to end
    try:
        mount()
        network()
        enclosure.make_cgroups(inside[0])
        os.environ["TMPDIR"] = str(layout.RUN)  # scratch files vanish too
        return _run(command, alive)
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"tools.e2e: {' '.join(error.cmd)}: failed, see above\n")
        return 1
    finally:
        _end_all()
        enclosure.remove_cgroups(inside[0])


def mount() -> None:
    """Put files that programs write into memory, and machine-wide settings out of reach."""
    kept = {name: (Path("/proc/sys") / name).read_text() for name in _KERNEL_SETTINGS}
    _call("mount", "-t", "tmpfs", "-o", "mode=755", "argo-e2e", str(layout.PRIVATE))
    for folder in layout.COVERED:
        upper = layout.PRIVATE / "covered" / folder.name / "upper"
        work = upper.with_name("work")
        for made in (upper, work):
            made.mkdir(parents=True)
        options = f"lowerdir={folder},upperdir={upper},workdir={work}"
        _call("mount", "-t", "overlay", "-o", options, "argo-e2e", str(folder))
    # Changes of these settings land in copies, so that none outlives the enclosure.
    for name, text in kept.items():
        copy = layout.PRIVATE / "kernel" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)
        _call("mount", "--bind", str(copy), f"/proc/sys/{name}")
    layout.RUN.mkdir(mode=0o711)


def network() -> None:
    """Give the loopback device the node's address, let packets of pods through, name Services."""
    _call("ip", "link", "set", "lo", "up")
    _call("ip", "address", "add", f"{layout.NODE}/32", "dev", "lo")
    # Without any route a packet to a Service is refused before kube-proxy's rules see it.
    _call("ip", "route", "add", layout.SERVICES, "dev", "lo", "src", layout.NODE)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    resolver = Path("/etc/resolv.conf")
    resolver.unlink(missing_ok=True)  # often a link to a place below /run
    lines = (f"nameserver {layout.NODE}", f"search {layout.DOMAIN}", "options ndots:5", "")
    resolver.write_text("\n".join(lines))


def _call(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - mount and ip with arguments of ours


def _run(command: list[str], alive: int) -> int:
    """Run *command* until its end or the pipe's; return its exit code."""
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, _pass_over)  # what wakes us is the byte in the pipe
    child = subprocess.Popen(command).pid  # noqa: S603 - the command that we are here for
    while True:
        ready, _, _ = select.select([alive, reader], [], [])
        if alive in ready:
            return INTERRUPTED
        with suppress(BlockingIOError):
            while os.read(reader, 512):
                pass
        while (ended := _bury())[0]:
            if ended[0] == child:
                return os.waitstatus_to_exitcode(ended[1])


def _pass_over(_number: int, _frame: object) -> None:
    """Handle a signal by doing nothing; unlike an ignored one, children don't inherit it."""


def _bury() -> tuple[int, int]:
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


def _end_all() -> None:
    """End every process of the enclosure but this one, and wait until all are gone."""
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


if __name__ == "__main__":
    sys.exit(main())
