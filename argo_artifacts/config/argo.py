"""The installation: one Argo Workflows, and which of its versions has which feature."""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, Field
from typing_extensions import override

from argo_artifacts.config.base import Label, Model, ObjectName
from argo_artifacts.config.tenants import NamespaceSettings


class Version(NamedTuple):
    """A release of Argo Workflows, comparable."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``4.0.5``.

        Raises:
            ValueError: the text is not three numbers.
        """
        parts = text.split(".")
        if len(parts) != len(cls._fields) or not all(p.isascii() and p.isdigit() for p in parts):
            msg = f"{text!r}, a release as in 4.0.5 is accepted"
            raise ValueError(msg)
        return cls(*(int(part) for part in parts))

    @override
    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


OLDEST: Final = Version(3, 4, 0)
"""Oldest release served: the executor's RBAC is on workflowtaskresults since 3.4."""


class Feature(NamedTuple):
    """Something that Argo can do since a release."""

    what: str
    since: Version


CA_SECRET: Final = Feature("caSecret (tls.ca)", Version(3, 5, 0))
FORCE_FINALIZER_REMOVAL: Final = Feature("artifactGC.forceFinalizerRemoval", Version(3, 5, 0))
ARTIFACTORY_KEY_FORMAT: Final = Feature("artifactory.keyFormat", Version(3, 5, 0))
OSS_SDK_CREDENTIALS: Final = Feature("oss.useSDKCreds (identity: rrsa)", Version(3, 5, 0))
AZURE_WORKLOAD_IDENTITY: Final = Feature("Azure workload identity", Version(3, 5, 0))
SESSION_TOKEN: Final = Feature("sessionTokenSecret", Version(3, 6, 0))
AZURE_SAS: Final = Feature("an Azure SAS token", Version(3, 6, 0))
HDFS_PROTECTION: Final = Feature("hdfs.dataTransferProtection", Version(3, 6, 0))
POD_IDENTITY: Final = Feature("EKS Pod Identity", Version(3, 6, 2))
ROLE_ARN_REGION: Final = Feature("roleARN with a region", Version(3, 7, 1))
PLUGIN: Final = Feature("plugin repositories", Version(4, 0, 0))
ADDRESSING_STYLE: Final = Feature("addressingStyle", Version(4, 1, 0))
UPLOADS: Final = Feature("UI uploads", Version(4, 1, 0))

LOGS_CREDENTIALS: Final = (Version(4, 0, 0), Version(4, 0, 4))
"""First and last release that write access keys into their logs (GHSA-7vf8-2cr6-54mf)."""


def _version(text: str) -> str:
    if Version.parse(text) < OLDEST:
        msg = f"{text!r}, {OLDEST} or newer is accepted (R14)"
        raise ValueError(msg)
    return text


class ServiceAccountReference(Model):
    """A service account by namespace and name."""

    namespace: Label
    """Its namespace."""

    name: Label
    """Its name."""


class Server(Model):
    """argo-server: the UI, which opens artifacts with an identity of its own."""

    service_account: Label = "argo-server"
    """Service account of argo-server, in the installation's namespace."""

    access: Literal["none", "shared"] = "shared"
    """``shared``: reads every tenant's artifacts for the UI; ``none``: the UI shows none."""

    auth_mode: Literal["server", "client", "sso"] = "server"
    """Whose Kubernetes identity reads the Secrets: argo-server's, or the user's."""

    secret_readers: tuple[ServiceAccountReference, ...] = ()
    """The users' service accounts that may read the entries' Secrets (authMode client or sso)."""

    uploads: bool = False
    """Files uploaded in the UI, under ``uploads/<namespace>/`` (Argo 4.1)."""


class Argo(Model):
    """One Argo Workflows installation."""

    version: Annotated[
        str,
        AfterValidator(_version),
        Field(json_schema_extra={"pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"}),
    ]
    """Release of the controller; gates what may be written."""

    namespace: Label = "argo"
    """Namespace of controller and argo-server."""

    namespace_settings: NamespaceSettings = NamespaceSettings(ownership="use")
    """The Namespace object of the installation; whoever installed Argo keeps it by default."""

    server: Server = Field(default_factory=Server)
    """argo-server, the UI."""

    collector_service_account: Label = "artifact-gc"
    """Service account of artifact garbage collection: one name in every tenant, since
    workflowDefaults is one for the installation."""

    controller_config: Literal["own", "patch", "values", "none"] = "values"
    """Who writes workflowDefaults: we own the ConfigMap, patch it, print Helm values, or nobody."""

    controller_config_map: ObjectName = "workflow-controller-configmap"
    """Name of the controller's ConfigMap (controllerConfig own or patch)."""

    @property
    def release(self) -> Version:
        """The version, comparable."""
        return Version.parse(self.version)

    def has(self, feature: Feature) -> bool:
        """Whether this installation's release has *feature*."""
        return self.release >= feature.since
