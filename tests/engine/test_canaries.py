"""Secrets stay where they belong: each is found in the decrypted state first, then nowhere else."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import yaml
from lightkube.resources import core_v1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.engine.live import LiveCluster
    from tests.engine.stack import EngineStack

GIVEN = {"givenAccessKey": "canary/given+access=key", "givenSecretKey": "canary/given+secret=key"}
TOKEN = "canary/kubeconfig+token=of-nobody"
PLACES = (
    "what up prints",
    "the log at -v=8",
    "the log at -v=9",
    "the event log",
    "what preview prints",
    "the preview's JSON",
    "the state on disk",
    "the settings on disk",
    "the encrypted export",
    "the stack's outputs",
    "the ConfigMaps",
    "the arguments of processes",
)


@dataclass
class Search:
    """Every secret, and every place where none may stand."""

    secrets: dict[str, str]
    """By kind."""

    decrypted: str
    """The state with its secrets shown."""

    places: dict[str, str]


@pytest.fixture(scope="module")
def search(make_stack: Callable[[str], EngineStack], cluster: LiveCluster) -> Search:
    stack = make_stack("canary")
    keys = {"accessKeyConfig": "givenAccessKey", "secretKeyConfig": "givenSecretKey"}
    stack.configure(
        cluster={"name": "canary"},
        repositories={
            "default": stack.repository(),
            "given": stack.given(sharedCredentials=keys),
        },
        tenants={"canary-team": {"repositories": ["default", "given"]}},
    )
    for key, value in GIVEN.items():
        stack.runner.set_secret(f"argo-artifacts:{key}", value)
    kubeconfig = _kubeconfig(stack.platform.kubeconfig)
    stack.runner.set_secret("argo-artifacts:kubeconfig", kubeconfig)

    with _arguments_of_all_processes() as arguments:
        up = stack.up("-v=9", "--logtostderr")
    preview = stack.preview("--refresh")
    preview_json = stack.preview_json()
    place = ("--stack", stack.name)
    outputs = stack.runner.run("stack", "output", "--json", *place, capture=True).stdout
    config_maps = [
        {"annotations": one.metadata.annotations, "data": one.data}
        for one in cluster.client.list(core_v1.ConfigMap, namespace="*")
    ]
    secret = cluster.data("Secret", "canary-team/argo-artifacts-default")
    key = yaml.safe_load(kubeconfig)["users"][0]["user"]["client-key-data"]
    return Search(
        secrets={
            "admin's access key": stack.platform.minio_access_key,
            "admin's secret key": stack.platform.minio_secret_key,
            "generated secret": secret["secretKey"],
            "given access key": GIVEN["givenAccessKey"],
            "given secret key": GIVEN["givenSecretKey"],
            "kubeconfig's token": TOKEN,
            "kubeconfig's private key": base64.b64decode(key).decode().splitlines()[1],
        },
        decrypted=stack.export("--show-secrets"),
        places={
            "what up prints": up.stdout,
            "the log at -v=8": "\n".join(_log(up.stderr, most=8)),
            "the log at -v=9": "\n".join(_log(up.stderr, most=9)),
            "the event log": json.dumps(up.events),
            "what preview prints": preview.text,
            "the preview's JSON": preview_json,
            "the state on disk": _files(stack.runner.folder / "state", stack.name),
            "the settings on disk": stack.runner.config_file.read_text(),
            "the encrypted export": stack.export(),
            "the stack's outputs": outputs,
            "the ConfigMaps": json.dumps(config_maps),
            "the arguments of processes": "\n".join(arguments),
        },
    )


def _kubeconfig(file: Path) -> str:
    """The platform's kubeconfig with everything in it, and a user with a token beside its own."""
    document = yaml.safe_load(file.read_text())
    for holder in ("clusters", "users"):
        for entry in document[holder]:
            body = entry[holder.removesuffix("s")]
            for name in [name for name in body if not name.endswith("-data")]:
                path = Path(str(body[name]))
                if name != "server" and path.is_file():
                    del body[name]
                    body[f"{name}-data"] = base64.b64encode(path.read_bytes()).decode()
    document["users"].append({"name": "nobody", "user": {"token": TOKEN}})
    return yaml.safe_dump(document)


def _log(text: str, most: int) -> Iterator[str]:
    """Yield the lines of the engine's log up to a verbosity.

    At 9 the engine itself traces the value of every property that it sends or receives, secrets
    included. Nothing in a program can keep them out: those lines are left out here, so that
    whatever else were to log a secret is found.
    """
    for line in text.splitlines():
        entry = json.loads(line) if line.startswith('{"time"') else {"msg": line}
        tracing = entry["msg"].startswith(("Marshaling property", "Unmarshaling property"))
        if entry.get("v", 0) <= most and not (tracing and entry["v"] == 9):
            yield line


@contextmanager
def _arguments_of_all_processes() -> Iterator[set[str]]:
    """Gather the command line of every process that runs meanwhile."""
    seen: set[str] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(file.read_text(errors="replace").replace("\0", " "))
                except OSError:  # it has ended
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _files(folder: Path, stack: str) -> str:
    """The text of every file below *folder* that is the stack's."""
    found = [path for path in folder.rglob("*") if path.is_file() and stack in str(path)]
    assert found
    return "\n".join(path.read_text(errors="replace") for path in found)


def forms(secret: str) -> set[str]:
    """A secret as it is, in base64 whatever stands before it, as in a URL and as in JSON."""
    raw = secret.encode()
    shifted = set()
    for before in range(3):
        encoded = base64.b64encode(b"x" * before + raw).decode()
        # The first characters depend on what stands before, the last ones on what comes after.
        start = -(-before * 8 // 6)
        shifted.add(encoded[start : (before + len(raw)) * 8 // 6])
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], *shifted}


KINDS = (
    "admin's access key",
    "admin's secret key",
    "generated secret",
    "given access key",
    "given secret key",
    "kubeconfig's token",
    "kubeconfig's private key",
)


@pytest.mark.parametrize("kind", KINDS)
def test_each_secret_is_in_the_decrypted_state(search: Search, kind):
    """What the search cannot find here, it would miss everywhere."""
    assert any(form in search.decrypted for form in forms(search.secrets[kind]))


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_stands_in(search: Search, place):
    assert search.places[place]
    found = {
        kind
        for kind, secret in search.secrets.items()
        if any(form in search.places[place] for form in forms(secret))
    }
    assert found == set()


def test_the_search_finds_every_form_of_a_secret():
    for secret in GIVEN.values():
        around = f"before {secret} after".encode()
        for text in (
            around.decode(),
            base64.b64encode(around).decode(),
            base64.b64encode(b"x" + around).decode(),
            base64.b64encode(b"xx" + around).decode(),
            quote(around.decode(), safe=""),
        ):
            assert any(form in text for form in forms(secret))


def test_the_arguments_of_the_engine_and_its_plugins_were_seen(search: Search):
    arguments = search.places["the arguments of processes"]
    for program in ("pulumi up", "pulumi-resource-kubernetes", "minio_admin", "python-exec"):
        assert program in arguments
