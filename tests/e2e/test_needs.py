"""What a machine lacks is said line by line, and that nothing was checked."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from tools.e2e import layout, needs
from tools.e2e.run import NOTHING_CHECKED, run


def test_a_machine_that_has_everything_lacks_nothing():
    assert needs.missing() == []


def test_missing_programs_are_named_with_the_packages_that_bring_them(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(layout, "CNI_FOLDERS", (tmp_path,))
    lines = needs.missing()
    assert "PATH: no runc, the one of the package runc is needed" in lines
    assert f"{tmp_path}: none has all of bridge, host-local, loopback" in lines
    assert lines[-1] == (
        "on Debian: apt-get install busybox-static containernetworking-plugins iproute2 nftables"
        " runc util-linux"
    )


def test_a_busybox_that_needs_shared_libraries_is_refused(monkeypatch, tmp_path):
    (tmp_path / "busybox").symlink_to("/bin/ls")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    assert needs.missing()[0] == (
        f"{tmp_path}/busybox: needs shared libraries, a static busybox is needed"
    )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (("sys.platform", "darwin"), "system: darwin, Linux is needed"),
        (("os.geteuid", lambda: 1000), "user: id 1000, root is needed (id 0)"),
    ],
    ids=["no Linux", "no root"],
)
def test_another_system_or_user_is_told_so_and_nothing_is_checked(monkeypatch, change, line):
    monkeypatch.setattr(*change)
    words = io.StringIO()
    assert run([], Console(file=words, width=200)) == NOTHING_CHECKED == 77
    assert words.getvalue().splitlines() == [
        line,
        "nothing was checked: this machine cannot run real pods",
    ]


def test_a_kernel_that_refuses_is_quoted(monkeypatch):
    monkeypatch.setattr(needs, "_PROBE", "ip link add name probe type nonsense")
    (line,) = needs.missing()
    assert line.startswith("kernel: ")
    assert "nonsense" in line or "Unknown device type" in line


def test_a_checkout_that_would_be_hidden_inside_is_refused(monkeypatch):
    root = Path(__file__).parents[2]
    monkeypatch.setattr(layout, "COVERED", (root.parent,))
    lines = needs.missing()
    assert f"{root}: lies below {root.parent}, which is replaced while pods run; move it" in lines
