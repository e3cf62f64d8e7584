"""The local platform itself: loopback only, idempotent, healed, and gone when it ends."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from tools.errors import ToolError
from tools.local_platform import ports, processes
from tools.local_platform.cluster import PROGRAMS
from tools.local_platform.platform import LocalPlatform

QUICK_SECONDS = 2.0
"""Upper bound for a start that finds everything running."""


@pytest.fixture(scope="module")
def own(tmp_path_factory, programs):
    """A platform that the tests of this file may maltreat."""
    with LocalPlatform(tmp_path_factory.mktemp("own"), programs) as running:
        yield running


def kubectl(platform, *arguments):
    run = subprocess.run(
        ["kubectl", *arguments],
        env=os.environ | platform.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout.strip() or run.stderr.strip()


def by_name(platform):
    return {process.name: process for process in platform.status().processes}


def test_every_program_runs_and_listens_on_loopback_only(own):
    listeners = processes.listeners(own.status().processes)
    assert {listener.process.name for listener in listeners} == {*PROGRAMS, "minio"}
    assert {listener.port for listener in listeners} == set(own.ports.values())
    assert [listener for listener in listeners if not listener.is_loopback] == []


def test_a_listener_on_every_address_would_be_seen():
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - what the test looks for
        mine = [one for one in processes.processes() if one.pid == os.getpid()]
        seen = {one.port: one.is_loopback for one in processes.listeners(mine)}
        assert seen[server.getsockname()[1]] is False


def test_a_second_start_is_quick_and_changes_nothing(own):
    before = by_name(own)
    begin = time.monotonic()
    assert own.start() is False
    assert time.monotonic() - begin < QUICK_SECONDS
    assert by_name(own) == before


def test_access_reviews_answer_by_rbac(own):
    account = "system:serviceaccount:default:default"
    assert kubectl(own, "auth", "can-i", "get", "secrets") == "yes"
    assert kubectl(own, "auth", "can-i", "get", "secrets", "--as", account) == "no"
    kubectl(own, "create", "clusterrole", "reader", "--verb=get", "--resource=secrets")
    kubectl(
        own,
        "create",
        "rolebinding",
        "r",
        "--clusterrole=reader",
        "--serviceaccount=default:default",
    )
    assert kubectl(own, "auth", "can-i", "get", "secrets", "--as", account) == "yes"


def test_the_controllers_make_a_service_account_in_a_new_namespace(own):
    kubectl(own, "create", "namespace", "controlled")
    deadline = time.monotonic() + 20
    while "default" not in kubectl(own, "get", "serviceaccounts", "-n", "controlled"):
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("name", ["etcd", "kube-apiserver", "kube-controller-manager", "minio"])
def test_a_killed_program_comes_back_and_nothing_is_lost(own, name):
    kubectl(own, "create", "configmap", f"kept-{name}")
    processes.send(by_name(own)[name], signal.SIGKILL)
    processes.wait([one for one in own.status().processes if one.name == name], 5)
    assert name not in by_name(own)
    assert own.start() is True
    assert own.status().cluster
    assert own.status().minio
    assert f"kept-{name}" in kubectl(own, "get", "configmap", f"kept-{name}")


def test_the_same_objects_are_there_on_other_ports(own):
    kubectl(own, "create", "configmap", "moved")
    before, secret = own.ports, own.minio_secret_key
    own.move()
    assert set(own.ports.values()).isdisjoint(before.values())
    assert "moved" in kubectl(own, "get", "configmap", "moved")
    assert own.minio_secret_key == secret


def test_secrets_and_keys_are_the_owners_alone(own):
    for path in own.folder.iterdir():
        if path.name in {"kubeconfig", "minio"}:
            secret = path / "credentials.json" if path.is_dir() else path
            assert secret.stat().st_mode & 0o777 == 0o600
    arguments = [part for one in own.status().processes for part in one.arguments]
    assert not any(own.minio_secret_key in part for part in arguments)


@pytest.fixture
def stopped(tmp_path, programs):
    """A folder for a platform; whatever runs there at the end is ended."""
    platform = LocalPlatform(tmp_path / "platform", programs)
    yield platform
    platform.remove()


def test_the_end_leaves_no_process_and_no_port_and_only_the_ports_file(stopped):
    stopped.start()
    running = stopped.status().processes
    recorded = [int(path.read_text()) for path in stopped.folder.glob("kwok/clusters/*/pids/*.pid")]
    assert set(recorded) < {process.pid for process in running}
    stopped.remove()
    assert [one for one in running if processes.is_alive(one)] == []
    assert [port for port in stopped.ports.values() if not ports.is_free(port)] == []
    assert [path.name for path in stopped.folder.iterdir()] == ["ports.json"]


def test_a_port_of_somebody_else_is_one_line_that_names_it_and_its_holder(stopped):
    port = stopped.ports["minio"]
    with socket.create_server((ports.LOOPBACK, port)):
        with pytest.raises(ToolError) as error:
            stopped.start()
        name = processes.look(os.getpid()).name
        assert str(error.value) == (
            f"{stopped.ports_file}: port {port} (minio) is held by {name} (process {os.getpid()}), "
            "a free port is needed; end that program, or delete ports.json to have other ports "
            "chosen"
        )
        assert stopped.status().processes == ()
        stopped.ports_file.unlink()
        LocalPlatform(stopped.folder, stopped.programs).start()
    assert stopped.minio.running()


def test_a_damaged_ports_file_is_one_line(stopped):
    stopped.folder.mkdir()
    stopped.ports_file.write_text('{"etcd": 1}')
    with pytest.raises(ToolError, match=r"ports\.json: damaged, [^\n]*; delete it$"):
        stopped.start()
    stopped.ports_file.unlink()


def test_a_half_made_cluster_is_made_anew(stopped):
    place = stopped.folder / "kwok" / "clusters" / "local"
    (place / "pki").mkdir(parents=True)  # as a kill during the making of certificates leaves it
    (place / "kwok.yaml").write_text("kind: KwokctlConfiguration\n")
    stopped.start()
    assert stopped.status().cluster


def test_a_stale_process_id_file_hits_no_stranger_and_stops_no_start(stopped):
    stopped.start()
    stopped.stop()
    pids = stopped.folder / "kwok" / "clusters" / "local" / "pids"
    pids.mkdir(exist_ok=True)
    with subprocess.Popen(["sleep", "600"]) as stranger:
        (pids / "etcd.pid").write_text(str(stranger.pid))
        stopped.start()
        assert stopped.status().cluster
        stopped.remove()
        assert stranger.poll() is None
        stranger.kill()


def test_a_program_that_dies_at_once_is_told_with_the_end_of_its_words(stopped, programs):
    broken = stopped.folder.parent / "minio"
    broken.write_text("#!/bin/sh\necho 'disk on fire' >&2\nexit 3\n")
    broken.chmod(0o755)
    platform = LocalPlatform(stopped.folder, {**programs, "minio": broken})
    with pytest.raises(ToolError, match=r"minio\.log: MinIO did not start(.|\n)*disk on fire"):
        platform.start()


def test_two_platforms_do_not_meet(own, stopped):
    stopped.start()
    assert set(own.ports.values()).isdisjoint(stopped.ports.values())
    kubectl(own, "create", "namespace", "only-here")
    assert "only-here" not in kubectl(stopped, "get", "namespaces")
    stopped.remove()
    assert own.start() is False


def tree(folder):
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_users_kubeconfig_and_home_stay_untouched(tmp_path, programs, monkeypatch):
    home = tmp_path / "home"
    for folder in (".kube", ".pulumi", ".kwok", ".minio", ".mc"):
        (home / folder).mkdir(parents=True)
    (home / ".kube" / "config").write_text("apiVersion: v1\nkind: Config\ncurrent-context: mine\n")
    (home / ".pulumi" / "credentials.json").write_text(json.dumps({"current": "mine"}))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("KUBECONFIG", str(home / ".kube" / "config"))
    monkeypatch.setenv("MINIO_ROOT_USER", "the-users-own")
    before = tree(home)
    with LocalPlatform(tmp_path / "platform", programs) as platform:
        assert platform.minio_access_key != "the-users-own"
        assert platform.minio.version()  # the generated root user may ask
    assert tree(home) == before
    shutil.rmtree(home)
