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


def exists(name):
    return lambda folder: (folder / name).exists()


def runs(name):
    return lambda folder: bool(processes.owned(folder, (name,)))


def locked(folder):
    return any(folder.glob("state/.pulumi/locks/organization/*/local/*.json"))


def resources(count):
    """The state holds that many resources: the engine is in the middle of its work."""

    def reached(folder):
        for state in folder.glob("state/.pulumi/stacks/*/local.json"):
            try:
                latest = json.loads(state.read_text())["checkpoint"]["latest"]
            except (ValueError, KeyError):
                return False
            return len(latest.get("resources") or ()) >= count
        return False

    return reached


MOMENTS = {
    "ports chosen": exists("ports.json"),
    "MinIO starts": runs("minio"),
    "etcd starts": runs("etcd"),
    "API server starts": runs("kube-apiserver"),
    "kubeconfig written": exists("kubeconfig"),
    "platform ready": exists("cluster.json"),
    "settings rendered": exists("Pulumi.local.yaml"),
    "update begun": locked,
    "few resources": resources(3),
    "many resources": resources(15),
}


@pytest.fixture
def folder(tmp_path):
    """A folder for one platform and stack; nothing of it runs at the end."""
    place = tmp_path / "local"
    yield place
    code, words = make_up.call("down", place)
    assert code == 0, words
    assert processes.marked(RUN_MARK, str(place)) == []


def wait_for(moment, child, folder):
    deadline = time.monotonic() + 120
    while not MOMENTS[moment](folder):
        assert child.poll() is None, child.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_a_working_up(folder):
    code, words = make_up.call("up", folder, "--no-verify")
    assert code == 0, words
    assert "have working, isolated artifact storage" in words
    assert "Traceback" not in words
    status = LocalPlatform(folder, {}).status()
    assert status.cluster
    assert status.minio


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_at_any_moment_is_followed_by_a_working_up(folder, moment):
    child = make_up.start("up", folder, "--no-verify")
    wait_for(moment, child, folder)
    os.killpg(child.pid, signal.SIGINT)
    words, _ = child.communicate(timeout=120)
    assert child.returncode == 130, words
    assert words.endswith(
        "interrupted; `make up` goes on from here, `make down` removes everything\n"
    )
    assert "Traceback" not in words
    assert_a_working_up(folder)


@pytest.mark.parametrize("moment", ["API server starts", "few resources"])
def test_a_kill_is_followed_by_a_working_up(folder, moment):
    child = make_up.start("up", folder, "--no-verify")
    wait_for(moment, child, folder)
    for engine in processes.marked(RUN_MARK, str(folder)):
        if engine.name == "pulumi":  # dies with its lock held and an operation pending
            processes.send(engine, signal.SIGKILL)
    os.killpg(child.pid, signal.SIGKILL)
    child.communicate(timeout=30)
    assert_a_working_up(folder)


def test_a_second_command_at_the_same_time_is_refused_in_one_line(folder):
    child = make_up.start("up", folder, "--no-verify")
    wait_for("MinIO starts", child, folder)
    code, words = make_up.call("up", folder, "--no-verify")
    assert code == 1
    assert words == (
        f"{folder}/lock: held by process {child.pid}, one `make up` or `make down` at a time is "
        "accepted; wait for it or end it\n"
    )
    os.killpg(child.pid, signal.SIGINT)
    child.communicate(timeout=120)
