"""The probe, and a hand-made installation for it to judge."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

from tools.programs import find_or_build

from . import admin_bodies, hand_made
from .probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lightkube import Client

    from tools.local_platform.platform import LocalPlatform


@dataclass(frozen=True)
class Installation:
    """The hand-made installation."""

    client: Client
    store: hand_made.Store


@pytest.fixture(scope="session")
def installation(platform: LocalPlatform, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Two tenants: in hand-a garbage may be collected, in hand-b not."""
    client, store = hand_made.kube(platform), hand_made.Store.of(platform)
    folder = tmp_path_factory.mktemp("policies")
    hand_made.node(client)
    hand_made.namespace(client, hand_made.CONTROLLER)
    hand_made.tenant(client, store, "hand-a", may_delete=True, folder=folder)
    hand_made.tenant(client, store, "hand-b", may_delete=False, folder=folder)
    return Installation(client, store)


@pytest.fixture(scope="session")
def probe(platform: LocalPlatform, installation: Installation) -> Probe:  # noqa: ARG001 - what it judges
    """The probe, built when the cache has it not."""
    program = find_or_build(["argo-probe"])["argo-probe"]
    return Probe(program, platform.kubeconfig, hand_made.CONTROLLER)


@pytest.fixture(autouse=True, scope="module")
def cheap_admin_bodies() -> Iterator[None]:
    """What this process asks of MinIO's admin API costs neither side 64 MiB and 0.1 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minio.minioadmin.encrypt", admin_bodies.cheaply)
        yield


@pytest.fixture
def users_admin_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The admin API is asked as it is outside of tests."""
    monkeypatch.setattr("minio.minioadmin.encrypt", admin_bodies.as_minio_py)


@pytest.fixture
def namespace(installation: Installation) -> str:
    """A namespace of the test's own, without storage."""
    name = f"bare-{secrets.token_hex(4)}"
    hand_made.namespace(installation.client, name)
    return name


@pytest.fixture
def configuration(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Write a controller configuration and return the manifest's path."""

    def write(data: dict[str, str]) -> Path:
        path = tmp_path / "configuration.yaml"
        meta = {"name": "workflow-controller-configmap", "namespace": hand_made.CONTROLLER}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}
        path.write_text(yaml.safe_dump(manifest))
        return path

    return write
