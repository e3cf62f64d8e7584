"""Entries: the YAML that Argo reads for a repository in a namespace, in Argo's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.config.argo import ADDRESSING_STYLE
from argo_artifacts.documents import canonical

if TYPE_CHECKING:
    from argo_artifacts.access.grants import AccessPlan, Credential
    from argo_artifacts.config.settings import Settings

CA_KEY: Final = "ca.pem"
"""Key of the CA inside its Secret."""


def entry(settings: Settings, plan: AccessPlan, tenant: str, repository: str) -> dict[str, object]:
    """What Argo reads for *repository* in the namespace *tenant*.

    Raises:
        KeyError: the tenant has no credential for that repository.
    """
    model = settings.repositories[repository]
    prefix = plan.prefix(tenant, repository)
    for credential in plan.credentials_of(tenant):
        if credential.repository == repository:
            writes = any("write" in a.verbs for a in credential.accesses if a.prefix == prefix)
            # Where logs cannot be saved, archiving them would fail every step.
            logs: dict[str, object] = {"archiveLogs": True} if model.archive_logs and writes else {}
            return logs | {"s3": _minio(settings, credential, prefix + model.key_format)}
    raise KeyError(repository)


def _minio(settings: Settings, credential: Credential, key_format: str) -> dict[str, object]:
    """The ``s3`` block of an S3-compatible server reached with keys."""
    minio = settings.repositories[credential.repository].minio
    if minio is None:
        raise KeyError(credential.repository)
    secret = credential.secret
    block: dict[str, object] = {
        "bucket": credential.bucket,
        "endpoint": minio.endpoint,
        "region": minio.region,  # without it Argo asks for the bucket's location first
        "insecure": not minio.tls.enabled,
        "keyFormat": key_format,
        "accessKeySecret": {"name": secret.name, "key": secret.access_key},
        "secretKeySecret": {"name": secret.name, "key": secret.secret_key},
    }
    if credential.ca_secret is not None:
        block["caSecret"] = {"name": credential.ca_secret, "key": CA_KEY}
    if settings.argo.has(ADDRESSING_STYLE):
        block["addressingStyle"] = "path"  # S3-compatible servers seldom have wildcard names
    return block


def config_map_data(settings: Settings, plan: AccessPlan, tenant: str) -> dict[str, str]:
    """The data of the tenant's ``artifact-repositories``: one key for each repository."""
    return {
        credential.repository: canonical.entry(entry(settings, plan, tenant, credential.repository))
        for credential in plan.credentials_of(tenant)
    }


def default_repository(plan: AccessPlan, tenant: str) -> str | None:
    """The key that the annotation names: the tenant's first repository that has an entry."""
    credentials = plan.credentials_of(tenant)
    return credentials[0].repository if credentials else None
