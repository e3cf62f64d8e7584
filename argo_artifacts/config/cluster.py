"""The cluster: how it is reached, and how clouds know it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from argo_artifacts.config.aws import AccountId, AssumedRole, Region
from argo_artifacts.config.base import ClusterName, FilePath, HttpsUrl, Matching, Model, Text

EksName = Annotated[
    str,
    Matching("[0-9A-Za-z][-_0-9A-Za-z]{0,99}", "letters, digits, '-' and '_' are accepted", 100),
]

_ISSUER = r"https://[-a-z0-9.]+(:[0-9]+)?(/[-._~A-Za-z0-9]+)*"


def _issuer(value: str) -> str:
    accepted = "an https:// URL without user, query and closing '/' is accepted"
    return Matching(_ISSUER, accepted, 255)(value)


class Eks(Model):
    """The cluster as Amazon EKS knows it."""

    name: EksName
    """Name of the cluster in EKS."""

    account: AccountId | None = None
    """Account of the cluster, in quotes; absent: ``aws.account``."""

    region: Region | None = None
    """Region of the cluster; absent: ``aws.region``."""

    assume_role: AssumedRole | None = None
    """Role in the cluster's own account, where that is another one (identity assumeRole)."""


class Oidc(Model):
    """Who signs the tokens of the cluster's service accounts."""

    issuer: Annotated[
        str,
        AfterValidator(_issuer),
        Field(json_schema_extra={"pattern": f"^{_ISSUER}$", "maxLength": 255}),
    ]
    """Issuer's URL, as in `kubectl get --raw /.well-known/openid-configuration`."""

    @property
    def host(self) -> str:
        """Host and path without the scheme: what trust policies name."""
        return self.issuer.removeprefix("https://")


class Cluster(Model):
    """The Kubernetes cluster, reached by nothing ambient."""

    name: ClusterName
    """First segment of every prefix, part of physical names; unique among clusters that share a
    bucket."""

    kubeconfig: FilePath | None = None
    """Path of a kubeconfig (``~`` is the home folder); or the secret key
    ``argo-artifacts:kubeconfig`` holds its text."""

    context: Text | None = None
    """Context in the kubeconfig; absent: its current one."""

    server: HttpsUrl | None = None
    """Guard: a kubeconfig that leads to another API server is refused."""

    eks: Eks | None = None
    """The cluster in Amazon EKS (identity podIdentity)."""

    oidc: Oidc | None = None
    """Issuer of service account tokens (identity irsa, and sessions that are kept fresh)."""
