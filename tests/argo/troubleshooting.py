"""The tables of docs/minio.md and docs/aws.md, and a stage on which Argo and we meet the same.

A table is read, not copied: what it says that Argo or we say is compared with what they say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pytest
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Namespace, Secret

from argo_artifacts import access
from argo_artifacts.verify.kubernetes import LiveReader
from tests.argo.verify_servers import (
    TWO_TENANTS,
    MemoryCluster,
    World,
    changed,
    secret_of,
    settings_of,
    write_config_map,
    write_secret,
)
from tests.harness import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lightkube import Client

    from tests.argo.probe import Probe
    from tests.engine.minio_server import MinioServer

PAGE: Final = ROOT / "docs/minio.md"
A, B = "trouble-a", "trouble-b"
"""The table's team-a and team-b: other tests share the API server."""

SECRET: Final = (A, "argo-artifacts-default")
CA: Final = (A, "argo-ca-default")
MAP: Final = (A, "artifact-repositories")
STAGE: Final = changed(TWO_TENANTS, tenants={A: {}, B: {"artifactGC": False}})
_ROW: Final = re.compile(
    r'\| <a id="(?P<id>[a-z-]+)"></a>(?P<cause>[^|]+)'
    r" \| (?P<argo>[^|]+) \| (?P<we>[^|]+) \|"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table."""

    cause: str
    argo: tuple[str, ...]
    """What Argo says; ``…`` stands for anything."""

    we: str
    """What we say, the command included."""

    def heard(self, said: str) -> bool:
        """Whether *said* holds one of Argo's messages."""
        forms = (".*".join(map(re.escape, text.split("…"))) for text in self.argo)
        return any(re.search(form, said, re.DOTALL) for form in forms)


@dataclass(frozen=True, slots=True)
class Table:
    """The troubleshooting table of a page."""

    rows: Mapping[str, Row]
    """By the anchors of its rows."""

    tried: set[str] = field(default_factory=set[str])
    """The rows that a test provokes."""

    def case(self, identity: str) -> pytest.MarkDecorator:
        """Give a test one row."""
        self.tried.add(identity)
        return pytest.mark.parametrize("row", [self.rows[identity]], ids=[identity])


def table_of(page: Path) -> Table:
    """The table of *page*."""
    found = [match.groupdict() for match in _ROW.finditer(page.read_text())]
    return Table(
        {
            row["id"]: Row(row["cause"], tuple(_code(row["argo"])), " ".join(_code(row["we"])))
            for row in found
        }
    )


def _code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


TABLE: Final = table_of(PAGE)
case: Final = TABLE.case


@dataclass(slots=True)
class Stage:
    """Two tenants in the live cluster, and the server that their entries name."""

    client: Client
    probe: Probe
    world: World
    names: dict[str, str] = field(default_factory=dict[str, str])
    """What the table calls other than it is here."""

    def publish(self) -> None:
        """Put into the cluster what the world holds, and nothing else."""
        for namespace in (A, B):
            _gone(self.client, ConfigMap, namespace, MAP[1])
            for name in (SECRET[1], CA[1]):
                _gone(self.client, Secret, namespace, name)
        for (namespace, name), found in self.world.cluster.config_maps.items():
            meta = ObjectMeta(name=name, namespace=namespace, annotations=dict(found.annotations))
            self.client.create(ConfigMap(metadata=meta, data=dict(found.data)))
        for (namespace, name), values in self.world.cluster.secrets.items():
            meta = ObjectMeta(name=name, namespace=namespace)
            text = {key: value.decode() for key, value in values.items()}
            self.client.create(Secret(metadata=meta, stringData=text))

    def argo(self, *actions: str, **options: str) -> str:
        """What Argo's code says about the first tenant, in the table's words."""
        given = [part for key, value in options.items() for part in (f"--{key}", value)]
        answer = self.probe.ask(
            *("store", A, "--timeout", "90s", "--actions"),
            ",".join(actions or ("load-missing",)),
            *(word.replace("object_key", "object-key") for word in given),
        )
        said = [answer.document.get("error"), *(r.get("error") for r in answer["results"])]
        return self.plain("\n".join(text for text in said if text))

    def verify(self, **changes: object) -> tuple[str, ...]:
        """The causes that ``verify`` names, in the table's words."""
        reader = LiveReader(self.world.settings.cluster)
        given = {"reader": reader, "tenants": frozenset({A})} | changes
        report = self.world.verify(**given)
        assert not report.good
        assert all(row.cause or row.result != "failed" for row in report.rows)
        # code in a cell of the table holds no backticks
        return tuple(f"verify {self.plain(cause).replace('`', chr(39))}" for cause in report.causes)

    def plain(self, text: str) -> str:
        """*text* with the names of the table."""
        endpoint = self.world.settings.repositories["default"].minio.endpoint
        names = {**self.names, endpoint: "minio.storage.svc:9000", A: "team-a", B: "team-b"}
        for here, there in names.items():
            text = text.replace(here, there)
        return text


def _gone(client: Client, kind: type, namespace: str, name: str) -> None:
    try:
        client.delete(kind, name, namespace=namespace)
    except ApiError as error:
        if error.status.code != 404:
            raise


def make_namespaces(client: Client) -> None:
    """Make the namespaces of both tenants."""
    for name in (A, B):
        client.create(Namespace(metadata=ObjectMeta(name=name)))


def world_of(
    server: MinioServer, values: Mapping[str, object], endpoint: str = "", folder: Path = ROOT
) -> World:
    """A world whose entries name *endpoint*; its users are not made."""
    settings = settings_of(dict(values), endpoint or server.endpoint, folder)
    world = World(server, settings, access.plan(settings), MemoryCluster())
    for credential in world.plan.credentials:
        if credential.policy is not None:
            write_secret(world, credential, world.user(credential), secret_of(credential))
        if credential.ca_secret is not None:
            pem = next(iter(settings.certificates.values()))
            world.cluster.secrets[credential.tenant, credential.ca_secret] = {
                "ca.pem": pem.encode()
            }
        write_config_map(world, credential.tenant)
    return world
