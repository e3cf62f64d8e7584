"""Names: every prefix and physical name is spelt here, once, from the settings alone."""

from __future__ import annotations

import hashlib
from typing import Final

OWNER_MARK: Final = "argo-artifacts/owner"
"""Annotation (Kubernetes) and tag (buckets) with ``<project>/<stack>`` on what we create."""

REPOSITORIES_CONFIG_MAP: Final = "artifact-repositories"
"""The ConfigMap that Argo looks up in the workflow's namespace, unless a reference names another
(``workflow/artifactrepositories``)."""

DEFAULT_ANNOTATION: Final = "workflows.argoproj.io/default-artifact-repository"
"""Annotation that names the default entry; without it Argo skips the ConfigMap silently."""

EXECUTOR: Final = "argo-executor"
"""Role and RoleBinding of the executors in a tenant's namespace."""

COLLECTOR: Final = "argo-artifact-gc"
"""Role and RoleBinding of the collector in a tenant's namespace."""

SECRET_READER: Final = "argo-artifact-secrets"  # noqa: S105 - the name of a Role
"""Role and RoleBinding of whoever reads the entries' Secrets for the UI."""

ROLE_ARN: Final = "eks.amazonaws.com/role-arn"
"""Annotation of a service account: the role on AWS that its pods get with their tokens."""

_LABEL_LIMIT: Final = 63
_CRON_JOB_LIMIT: Final = 52
"""Characters of a CronJob's name: its Jobs' names have 11 more."""

_IAM_LIMIT: Final = 64
"""Characters of a role's or user's name (IAM)."""

_HASH_LENGTH: Final = 6
_ID_LENGTH: Final = 8


def short_id(text: str) -> str:
    """8 hex digits that stand for *text* where it cannot be spelt out."""
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def owner_id(owner: str) -> str:
    """The stack's id in names that take no mark, from ``<project>/<stack>``."""
    return short_id(owner)


def label(*parts: str, limit: int = _LABEL_LIMIT) -> str:
    """Join *parts* to a DNS label; one over *limit* is cut and told apart by 6 hex digits."""
    whole = "-".join(parts)
    if len(whole) <= limit:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{whole[: limit - _HASH_LENGTH - 1]}-{digest}"


def tenant_prefix(cluster: str, namespace: str) -> str:
    """Prefix of a tenant's objects; no tenant's prefix is a prefix of another's."""
    return f"{cluster}/{namespace}/"


def shared_prefix(cluster: str, repository: str) -> str:
    """Prefix where tenants meet; ``_`` stands in no namespace's name."""
    return f"{cluster}/_shared/{repository}/"


def uploads_prefix(namespace: str) -> str:
    """Prefix of the files uploaded in the UI; fixed by Argo, without the cluster."""
    return f"uploads/{namespace}/"


def iam_name(*parts: str, owner: str) -> str:
    """Name of a role or user: *parts* and the stack's id; a long one is cut and told apart.

    Its parts hold no dot, so that no two lists of parts give one name.
    """
    whole = ".".join((*parts, owner_id(owner)))
    if len(whole) <= _IAM_LIMIT:
        return whole
    ending = f".{short_id(whole)}.{owner_id(owner)}"
    return whole[: _IAM_LIMIT - len(ending)].rstrip(".") + ending


def refresher(namespace: str, repository: str) -> str:
    """CronJob and service account that keep *repository*'s credentials of *namespace* fresh."""
    parts = ("argo-refresh", short_id(f"{namespace}/{repository}"), namespace, repository)
    return label(*parts, limit=_CRON_JOB_LIMIT)


def refresher_role(repository: str) -> str:
    """Role in a tenant's namespace that opens the one Secret to its refresher."""
    return label("argo-refresh", repository)


def s3_bucket(name: str, account: str, region: str, *, regional: bool) -> str:
    """Physical name of a bucket on S3; *regional*: in the account's own namespace."""
    return f"{name}-{account}-{region}-an" if regional else name


def credential_secret(repository: str) -> str:
    """Secret of a tenant with the keys of *repository*: a DNS label, as Argo mounts it by name."""
    return label("argo-artifacts", repository)


def ca_secret(repository: str) -> str:
    """Secret of a tenant with the CA of *repository*'s server.

    It begins unlike :func:`credential_secret`, or the keys of a repository ``ca-x`` would meet
    the CA of a repository ``x``.
    """
    return label("argo-ca", repository)


def provisioner(endpoint: str) -> str:
    """Name of what provisions the server at *endpoint* from inside the cluster."""
    return label("argo-artifacts-provision", short_id(endpoint))


def minio_policy(cluster: str, namespace: str, repository: str, owner: str) -> str:
    """Name of the MinIO policy of one tenant and repository; its parts hold no dot."""
    return f"{cluster}.{namespace}.{repository}.{owner_id(owner)}"


def minio_user(cluster: str, namespace: str, repository: str, key: int, owner: str) -> str:
    """Name (and access key) of the MinIO user behind key number *key*."""
    return f"{cluster}.{namespace}.{repository}.{key}.{owner_id(owner)}"


ROOT_USER: Final = "rootUser"
ROOT_PASSWORD: Final = "rootPassword"  # noqa: S105 - the name of a key
"""Keys of the generated admin's Secret, as the chart reads them."""

PROVISIONER_LABEL: Final = "argo-artifacts/provisioner"
"""Label of the pods that provision a server from inside the cluster."""

REFRESHER_LABEL: Final = "argo-artifacts/refresher"
"""Label of the pods that keep temporary credentials fresh; its value is the CronJob's name."""


def root_user(owner: str) -> str:
    """Access key of the generated admin of a server that the stack installs."""
    return f"root.{owner_id(owner)}"


def root_secret(release: str) -> str:
    """Secret with the generated admin's credentials, in the server's namespace."""
    return label(release, "root")
