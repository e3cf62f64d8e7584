"""Stacks on AWS for the tests of verify: documents before the door and the MinIO server."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from argo_artifacts.access.names import DEFAULT_ANNOTATION, REPOSITORIES_CONFIG_MAP
from argo_artifacts.repository.entries import config_map_data, default_repository
from argo_artifacts.verify import Request, verify
from argo_artifacts.verify.causes import ROLE_ANNOTATION
from tests.argo.verify_servers import MemoryCluster, Quiet, no_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config import Settings
    from argo_artifacts.verify import Report
    from argo_artifacts.verify.lookup import Reader
    from tests.argo.aws_door import AwsDoor
    from tests.engine.live import LiveCluster
    from tools.local_platform.platform import LocalPlatform


@dataclass
class AwsWorld:
    """A stack on AWS, provisioned: objects in the cluster, documents at the door."""

    door: AwsDoor
    settings: Settings
    plan: AccessPlan
    reader: Reader

    @property
    def cluster(self) -> MemoryCluster:
        """The cluster, where it is one in memory."""
        assert isinstance(self.reader, MemoryCluster)
        return self.reader

    def verify(self, **changes: object) -> Report:
        given = {
            "settings": self.settings,
            "plan": self.plan,
            "reader": self.reader,
            "admin": no_keys,
        }
        return verify(Request(**(given | changes)), Quiet())

    def role(self, name: str) -> str:
        """ARN of the role whose name begins so, after the cluster's."""
        cluster = self.settings.cluster.name
        found = [r.arn for r in self.plan.aws.roles if r.name.startswith(f"{cluster}.{name}.")]
        (arn,) = found
        return arn

    @contextmanager
    def trust(self, arn: str, document: dict) -> Iterator[None]:
        """Give a role another trust for a while."""
        kept, self.door.trusts[arn] = self.door.trusts[arn], document
        try:
            yield
        finally:
            self.door.trusts[arn] = kept

    @contextmanager
    def policy(self, arn: str, document: dict) -> Iterator[None]:
        """Give a role or user another policy for a while."""
        kept = self.door.policies[arn]
        self.door.allow(arn, document)
        try:
            yield
        finally:
            self.door.allow(arn, kept)


def write(cluster: LiveCluster, settings: Settings, plan: AccessPlan) -> None:
    """Make what the program makes in the cluster: service accounts and ConfigMaps."""
    spaces = {grant.subject.namespace for grant in plan.grants} | set(settings.tenants)
    for space in sorted(spaces):
        cluster.make("Namespace", space)
    for subject in sorted({grant.subject for grant in plan.grants}):
        role = plan.aws.role_of(subject)
        notes = {} if role is None else {ROLE_ANNOTATION: role.arn}
        cluster.make("ServiceAccount", str(subject), metadata={"annotations": notes})
    for tenant in settings.tenants:
        default = default_repository(plan, tenant)
        cluster.make(
            "ConfigMap",
            f"{tenant}/{REPOSITORIES_CONFIG_MAP}",
            metadata={"annotations": {DEFAULT_ANNOTATION: default}},
            data=config_map_data(settings, plan, tenant),
        )


def issuer_of(platform: LocalPlatform) -> str:
    """The issuer of the API server's tokens."""
    return json.loads(platform.cluster.ask("/.well-known/openid-configuration"))["issuer"]


def results(report: Report) -> Mapping[str, int]:
    """The counts that are not nothing."""
    return {result: n for result, n in report.counts().items() if n}
