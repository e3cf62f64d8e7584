"""``make up``, ``make up`` again, a repair, ``make down``: as a user sees them."""

import json
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from tools.local_platform import ports, processes
from tools.local_platform.minio import Minio
from tools.local_platform.platform import LocalPlatform
from tools.local_platform.runner import RUN_MARK

from . import make_up


def tree(*folders):
    return {
        path: path.read_bytes()
        for folder in folders
        for path in folder.rglob("*")
        # The user's own Go counts its uses there.
        if path.is_file() and not path.is_relative_to(folder / ".config" / "go")
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A user's home with a kubeconfig and a Pulumi login of the user's own."""
    home = tmp_path_factory.mktemp("home")
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text("apiVersion: v1\nkind: Config\ncurrent-context: mine\n")
    (home / ".pulumi").mkdir()
    (home / ".pulumi" / "credentials.json").write_text(json.dumps({"current": "mine"}))
    return home


@pytest.fixture(scope="module")
def before(home):
    """What the user's home and the checkout's stacks held before the first run."""
    return tree(home, make_up.ROOT / "stacks")


@pytest.fixture(scope="module")
def user(home, before):
    """Environment of a user who works with another cluster and another Pulumi backend."""
    del before
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return {
        "HOME": str(home),
        "ARGO_ARTIFACTS_CACHE": os.environ.get("ARGO_ARTIFACTS_CACHE", f"{cache}/argo-artifacts"),
        "KUBECONFIG": str(home / ".kube" / "config"),
        "PULUMI_HOME": str(home / ".pulumi"),
        "PULUMI_BACKEND_URL": "https://pulumi.invalid",
        "PULUMI_CONFIG_PASSPHRASE": "the user's own",
        "AWS_ACCESS_KEY_ID": "the-users-own",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("checkout") / "local"
    yield place
    make_up.call("down", place)


@pytest.fixture(scope="module")
def first(folder, user):
    """The words of a first ``make up``."""
    code, words = make_up.call("up", folder, **user)
    assert code == 0, words
    return words


def number(word, words):
    return int(re.search(rf"(\d+) {word}$", words, re.MULTILINE)[1])


def test_the_first_up_ends_with_a_check_and_a_summary(first):
    assert re.search(r"^verify .* 0 failed", first, re.MULTILINE)
    for line in (
        "2 tenants have working, isolated artifact storage",
        "team-a/workflow (executor) on default:local/team-a/",
        "kubectl get configmap artifact-repositories -n team-a -o yaml",
        "artifactRepositoryRef: {key: default}",
        "make down",
    ):
        assert line in first
    assert "warning" not in first


def test_a_second_up_changes_nothing_and_checks_again(first, folder, user):
    code, words = make_up.call("up", folder, **user)
    assert code == 0, words
    assert number("unchanged", words) == number("created", first)
    assert not re.search(r"^ +[+~-] \d+ ", words, re.MULTILINE)
    assert re.search(r"^verify .* 0 failed", words, re.MULTILINE)


def test_what_was_deleted_by_hand_is_repaired(first, folder, user):
    del first
    platform = LocalPlatform(folder)
    kubectl = ["kubectl", "--kubeconfig", platform.kubeconfig, "-n", "team-a"]
    subprocess.run([*kubectl, "delete", "configmap", "artifact-repositories"], check=True)
    admin = platform.minio.admin()
    gone = next(name for name in json.loads(admin.user_list()) if "team-a" in name)
    admin.user_remove(gone)
    code, words = make_up.call("up", folder, **user)
    assert code == 0, words
    assert re.search(r"^ \+ .*ConfigMap team-a/artifact-repositories created", words, re.MULTILINE)
    assert gone in json.loads(admin.user_list())


def test_the_printed_variables_make_the_tools_work_by_hand(first, folder, user):
    del first
    code, exports = make_up.call("env", folder, **user)
    assert code == 0, exports
    script = (
        f"{exports}\nkubectl get namespace team-a team-b -o name\n"
        "pulumi stack output cluster --stack local\n"
    )
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=make_up.ROOT,
        env=os.environ | user,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == ["namespace/team-a", "namespace/team-b", "local"]


def test_no_secret_of_the_platform_stands_in_words_or_settings(first, folder):
    platform = LocalPlatform(folder)
    secrets = (platform.minio_secret_key, (folder / "passphrase").read_text())
    settings = (folder / "Pulumi.local.yaml").read_text()
    for secret in secrets:
        assert secret not in first
        assert secret not in settings
    assert settings.count("secure:") == 2


def test_down_leaves_nothing_running_and_the_users_own_untouched(first, folder, user, home, before):
    del first
    running = LocalPlatform(folder).status().processes
    held = LocalPlatform(folder).ports
    assert len(running) == len(held) - 1  # etcd listens on two
    code, words = make_up.call("down", folder, **user)
    assert code == 0, words
    assert [one for one in running if processes.is_alive(one)] == []
    assert processes.marked(RUN_MARK, str(folder)) == []
    assert [port for port in held.values() if not ports.is_free(port)] == []
    assert {path.name for path in folder.iterdir()} == {"ports.json", "lock"}
    assert tree(home, make_up.ROOT / "stacks") == before


def test_an_occupied_port_is_one_line_and_nothing_starts(tmp_path):
    place = tmp_path / "local"
    port = LocalPlatform(place).ports["apiServer"]
    with socket.create_server((ports.LOOPBACK, port)):
        code, words = make_up.call("up", place)
    assert code == 1
    assert re.fullmatch(
        rf"{re.escape(str(place))}/ports\.json: port {port} \(apiServer\) is held by .+ "
        r"\(process \d+\), a free port is needed; .+\n",
        words,
    )
    assert LocalPlatform(place).status().processes == ()


def test_down_without_anything_to_remove_is_fine(tmp_path):
    code, words = make_up.call("down", tmp_path / "never")
    assert code == 0, words
    assert not (tmp_path / "never").exists()


def test_the_servers_root_user_is_generated_for_each_platform(tmp_path):
    secrets = {Minio(tmp_path / name, {"minio": 1}).credentials().secret_key for name in "ab"}
    assert len(secrets) == 2
    assert min(map(len, secrets)) >= 32
