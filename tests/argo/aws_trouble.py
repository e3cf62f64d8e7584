"""A stack on AWS on which Argo and ``verify`` meet the same trouble, and the table that says what.

STS is asked at the door of the tests of verify, S3 on a MinIO server. Argo reads a copy of each
entry whose endpoint is that server's, in a namespace of its own: ``verify`` reads the entry itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import yaml
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap, Secret

from argo_artifacts.access.names import DEFAULT_ANNOTATION, REPOSITORIES_CONFIG_MAP
from argo_artifacts.repository.entries import config_map_data
from tests.argo.troubleshooting import table_of
from tests.argo.verify_servers import MemoryCluster
from tests.harness import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest
    from lightkube import Client

    from tests.argo.probe import Probe
    from tests.argo.verify_on_aws import AwsWorld

TABLE: Final = table_of(ROOT / "docs/aws.md")
ARGO, A, B = "aws-argo", "aws-a", "aws-b"
"""The table's argo, team-a and team-b."""

BESIDE: Final = "aws-beside"
"""Namespace in which Argo reads the copies."""


@dataclass
class Trouble:
    """A stack that is provisioned, and Argo beside it."""

    client: Client
    probe: Probe
    world: AwsWorld
    variables: pytest.MonkeyPatch
    folder: Path
    tenant: str = A
    names: Mapping[str, str] = field(
        default_factory=lambda: {ARGO: "argo", A: "team-a", B: "team-b"}
    )

    def publish(self, endpoint: str) -> None:
        """Give Argo the tenant's entries, at another endpoint."""
        world = self.world
        data = config_map_data(world.settings, world.plan, self.tenant)
        for name, text in data.items():
            block = yaml.safe_load(text)
            block["s3"] |= {"endpoint": endpoint, "insecure": True}
            data[name] = yaml.safe_dump(block).replace("{{workflow.namespace}}", self.tenant)
        notes = {DEFAULT_ANNOTATION: "default"}
        meta = ObjectMeta(name=REPOSITORIES_CONFIG_MAP, namespace=BESIDE, annotations=notes)
        self._make(ConfigMap(metadata=meta, data=data))

    def hold(self, name: str, values: Mapping[str, bytes]) -> None:
        """Give Argo a Secret."""
        text = {key: value.decode() for key, value in values.items()}
        meta = ObjectMeta(name=name, namespace=BESIDE)
        self._make(Secret(metadata=meta, stringData=text))

    def _make(self, thing: ConfigMap | Secret) -> None:
        """Put *thing* into the place of what is called like it."""
        try:
            self.client.delete(type(thing), thing.metadata.name, namespace=BESIDE)
        except ApiError as error:
            if error.status.code != 404:
                raise
        self.client.create(thing)

    def nobody(self) -> None:
        """The pod has no identity of its own."""
        for name in ("AWS_ENDPOINT_URL_STS", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"):
            self.variables.delenv(name, raising=False)
        self.variables.setenv("AWS_EC2_METADATA_DISABLED", "true")

    def pod_of(self, account: str, role: str) -> None:
        """The pod is one of a service account of the tenant's, as EKS's webhook makes it."""
        self.nobody()
        file = self.folder / "token"
        reader = self.world.reader
        assert not isinstance(reader, MemoryCluster)
        file.write_text(reader.token(self.tenant, account, "sts.amazonaws.com"))
        self.variables.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
        self.variables.setenv("AWS_ROLE_ARN", role)
        self.variables.setenv("AWS_REGION", "eu-west-1")
        self.variables.setenv("AWS_ENDPOINT_URL_STS", self.world.door.url)

    def argo(self, *actions: str, key: str = "") -> str:
        """What Argo's code says, in the table's words, of the object *key* if one is named."""
        wanted = ",".join(actions or ("load-missing",))
        named = ("--object-key", key) if key else ()
        answer = self.probe.ask("store", BESIDE, "--timeout", "90s", "--actions", wanted, *named)
        said = [answer.document.get("error"), *(r.get("error") for r in answer["results"])]
        return self.plain("\n".join(text for text in said if text))

    def verify(self) -> tuple[str, ...]:
        """The causes that ``verify`` names, in the table's words."""
        report = self.world.verify(tenants=frozenset({self.tenant}))
        assert not report.good
        return tuple(f"verify {self.plain(cause).replace('`', chr(39))}" for cause in report.causes)

    def plain(self, text: str) -> str:
        for here, there in self.names.items():
            text = text.replace(here, there)
        return text
