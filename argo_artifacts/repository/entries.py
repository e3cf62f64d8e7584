"""Entries: the YAML that Argo reads for a repository in a namespace, in Argo's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.access.aws_plan import bucket_of
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
        KeyError: nobody has access to that repository for the tenant.
    """
    model = settings.repositories[repository]
    prefix = plan.prefix(tenant, repository)
    grants = [g for g in plan.grants_of(tenant) if g.repository == repository]
    if not grants:
        raise KeyError(repository)
    writes = any("write" in g.verbs for g in grants if g.prefix == prefix)
    # Where logs cannot be saved, archiving them would fail every step.
    logs: dict[str, object] = {"archiveLogs": True} if model.archive_logs and writes else {}
    credential = next((c for c in plan.credentials_of(tenant) if c.repository == repository), None)
    key_format = prefix + model.key_format
    if model.s3 is not None:
        block = _s3(settings, plan, tenant, repository, credential)
        return logs | {"s3": block | {"keyFormat": key_format}}
    if credential is None:
        raise KeyError(repository)
    return logs | {"s3": _minio(settings, credential, key_format)}


def _s3(
    settings: Settings,
    plan: AccessPlan,
    tenant: str,
    repository: str,
    credential: Credential | None,
) -> dict[str, object]:
    """The ``s3`` block of a bucket on AWS: keys, a role, or the pod's own identity; never two."""
    model = settings.repositories[repository].s3
    if model is None:
        raise KeyError(repository)
    block: dict[str, object] = {
        "bucket": bucket_of(settings, repository, tenant),
        "endpoint": model.host,
        "region": model.region,  # without it Argo asks for the bucket's location first
    }
    role = None if plan.aws is None else plan.aws.entry_role(tenant, repository)
    if credential is not None:
        return block | _keys(credential)
    if role is not None:
        return block | {"roleARN": role.arn}
    if model.identity == "node":
        return block  # the driver asks the node
    return block | {"useSDKCreds": True}


def _keys(credential: Credential) -> dict[str, object]:
    """The selectors of the Secret's keys."""
    secret = credential.secret
    keys: dict[str, object] = {
        "accessKeySecret": {"name": secret.name, "key": secret.access_key},
        "secretKeySecret": {"name": secret.name, "key": secret.secret_key},
    }
    if secret.session_token is not None:
        keys["sessionTokenSecret"] = {"name": secret.name, "key": secret.session_token}
    return keys


def _minio(settings: Settings, credential: Credential, key_format: str) -> dict[str, object]:
    """The ``s3`` block of an S3-compatible server reached with keys."""
    minio = settings.repositories[credential.repository].minio
    if minio is None:
        raise KeyError(credential.repository)
    block: dict[str, object] = {
        "bucket": credential.bucket,
        "endpoint": minio.endpoint,
        "region": minio.region,  # without it Argo asks for the bucket's location first
        "insecure": not minio.tls.enabled,
        "keyFormat": key_format,
        **_keys(credential),
    }
    if credential.ca_secret is not None:
        block["caSecret"] = {"name": credential.ca_secret, "key": CA_KEY}
    if settings.argo.has(ADDRESSING_STYLE):
        block["addressingStyle"] = "path"  # S3-compatible servers seldom have wildcard names
    return block


def config_map_data(settings: Settings, plan: AccessPlan, tenant: str) -> dict[str, str]:
    """The data of the tenant's ``artifact-repositories``: one key for each repository."""
    return {
        repository: canonical.entry(entry(settings, plan, tenant, repository))
        for repository in plan.repositories_of(tenant)
    }


def default_repository(plan: AccessPlan, tenant: str) -> str | None:
    """The key that the annotation names: the tenant's first repository that has an entry."""
    return next(iter(plan.repositories_of(tenant)), None)
