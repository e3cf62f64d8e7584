"""``make up`` may be interrupted at any moment: the next one works."""

import json
import os
import signal
import time

import pytest

from tools.local_platform import processes
from tools.local_platform.platform import LocalPlatform
from tools.local_platform.runner import RUN_MARK

from . import make_up


def file(name):
    """The file as it was written last."""

    def seen(folder):
        place = folder / name
        return {place.stat().st_mtime_ns} if place.exists() else set()

    return seen


def program(name):
    return lambda folder: set(processes.owned(folder, (name,)))


def locks(folder):
    return set(folder.glob("state/.pulumi/locks/organization/*/local/*.json"))


def resources(folder):
    for state in folder.glob("state/.pulumi/stacks/*/local.json"):
        try:
            latest = json.loads(state.read_text())["checkpoint"]["latest"]
        except (ValueError, KeyError):
            return set()
        return {resource["urn"] for resource in latest.get("resources") or ()}
    return set()


MOMENTS = {
    "ports chosen": (file("ports.json"), 1),
    "MinIO starts": (program("minio"), 1),
    "etcd starts": (program("etcd"), 1),
    "API server starts": (program("kube-apiserver"), 1),
    "kubeconfig written": (file("kubeconfig"), 1),
    "platform ready": (file("cluster.json"), 1),
    "settings rendered": (file("Pulumi.local.yaml"), 1),
    "update begun": (locks, 1),
    "few resources": (resources, 3),
    "many resources": (resources, 12),
}
"""What shows that a run has come that far, and how many new ones of it."""


@pytest.fixture
def folder(tmp_path):
    """A folder for one platform and stack; nothing of it runs at the end."""
    place = tmp_path / "local"
    yield place
    code, words = make_up.call("down", place)
    assert code == 0, words
    assert processes.marked(RUN_MARK, str(place)) == []


def run_until(moment, folder):
    """Start a run and wait until it has come to *moment*, whatever an earlier one has left."""
    seen, new = MOMENTS[moment]
    before = seen(folder)
    child = make_up.start("up", folder, "--no-verify")
    deadline = time.monotonic() + 120
    while len(seen(folder) - before) < new:
        assert child.poll() is None, f"{moment}: {child.communicate()[0]}"
        assert time.monotonic() < deadline, moment
        time.sleep(0.02)
    return child


def assert_a_working_up(folder):
    code, words = make_up.call("up", folder, "--no-verify")
    assert code == 0, words
    assert "have working, isolated artifact storage" in words
    assert "Traceback" not in words
    status = LocalPlatform(folder, {}).status()
    assert status.cluster
    assert status.minio


def test_ctrl_c_at_any_moment_is_followed_by_a_working_up(folder):
    """Each run is interrupted a step later than the one before, over all that those have left."""
    for moment in MOMENTS:
        child = run_until(moment, folder)
        os.killpg(child.pid, signal.SIGINT)
        words, _ = child.communicate(timeout=120)
        assert child.returncode == 130, f"{moment}: {words}"
        assert words.endswith(
            "interrupted; `make up` goes on from here, `make down` removes everything\n"
        ), moment
        assert "Traceback" not in words, moment
    assert_a_working_up(folder)


@pytest.mark.parametrize("moment", ["API server starts", "few resources"])
def test_a_kill_is_followed_by_a_working_up(folder, moment):
    child = run_until(moment, folder)
    for engine in processes.marked(RUN_MARK, str(folder)):
        if engine.name == "pulumi":  # dies with its lock held and an operation pending
            processes.send(engine, signal.SIGKILL)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=30)
    for beside in folder.glob("state/.pulumi/stacks/*/local.json.attrs"):
        beside.write_bytes(b"")  # as a kill leaves it that hits while it is written
    assert_a_working_up(folder)


def test_a_second_command_at_the_same_time_is_refused_in_one_line(folder):
    child = run_until("MinIO starts", folder)
    code, words = make_up.call("up", folder, "--no-verify")
    assert code == 1
    assert words == (
        f"{folder}/lock: held by process {child.pid}, one `make up` or `make down` at a time is "
        "accepted; wait for it or end it\n"
    )
    os.killpg(child.pid, signal.SIGINT)
    child.communicate(timeout=120)
