"""Deployer: the least rights of the one who runs ``pulumi up``, and of ``verify``'s cleaning.

Least is not harmless: whoever may write policies and users on a MinIO server can give itself any
right there. These documents hold what is needed and nothing else, so that a mistake stays small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.access.inventory import inventory
from argo_artifacts.access.servers import installed_servers
from argo_artifacts.documents.kubernetes import COLLECTOR, EXECUTOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.access.inventory import Kind
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.documents.kubernetes import Rule

CLUSTER_ROLE: Final = "argo-artifacts-deployer"
"""Name of the ClusterRole."""

IDENTITIES: Final[Mapping[str, str]] = {
    "admin:AttachUserOrGroupPolicy": "attaches a policy to its user and detaches it",
    "admin:CreatePolicy": "writes a policy",
    "admin:CreateUser": "creates a user, after a look whether it stands",
    "admin:DeletePolicy": "removes a policy",
    "admin:DeleteUser": "removes a user",
    "admin:EnableUser": "enables and disables a user",
    "admin:GetPolicy": "reads a policy back, to find drift",
    "admin:GetUser": "reads a user and its policies, to find drift",
    "admin:ListUserPolicies": "finds who still has a policy that is removed",
    "admin:RemoveServiceAccount": "ends the sessions that a user opened",
}
"""Admin actions on users and policies, and the call of the provider that needs each."""

LISTING: Final[Mapping[str, str]] = {
    "admin:ListUsers": "the Job finds users of the stack that are not desired any more",
}
"""Admin actions of a Job that provisions from inside the cluster."""

BUCKET_ADMIN: Final[Mapping[str, str]] = {
    "admin:GetBucketQuota": "finds out whether a bucket stands, and its quota",
    "admin:SetBucketQuota": "sets a quota",
}
"""Admin actions on buckets."""

BUCKET: Final[Mapping[str, str]] = {
    "s3:CreateBucket": "creates the bucket",
    "s3:DeleteBucket": "deletes the empty bucket on a destroy",
    "s3:GetBucketTagging": "reads our mark",
    "s3:GetBucketVersioning": "reads versioning, to find drift",
    "s3:GetEncryptionConfiguration": "reads encryption, to find drift",
    "s3:GetLifecycleConfiguration": "reads lifecycle rules, to find drift",
    "s3:PutBucketTagging": "sets our mark",
    "s3:PutBucketVersioning": "sets versioning",
    "s3:PutEncryptionConfiguration": "sets encryption",
    "s3:PutLifecycleConfiguration": "sets lifecycle rules",
}
"""Actions on a bucket that we create or adopt."""

PURGE: Final[Mapping[str, str]] = {
    "s3:DeleteObject": "empties a bucket with `forceDestroy`, versions too",
}
"""Actions on all objects, only where ``forceDestroy`` is on; versions need no other right."""

CONTENT: Final[Mapping[str, str]] = {
    "s3:ListBucketMultipartUploads": "verify finds the unfinished uploads that it made",
    "s3:ListBucketVersions": "counts what keeps a bucket; verify finds what it made",
}
"""Actions on every bucket, also one of others: ``verify`` cleans up there too."""

VERIFY_OBJECTS: Final[Mapping[str, str]] = {
    "s3:AbortMultipartUpload": "verify ends the unfinished uploads that it made",
    "s3:DeleteObject": "verify removes the objects that it made, versions too",
}
"""Actions on objects below ``verify``'s own folders."""

VERIFY_FOLDER: Final = ".argo-artifacts-verify"
"""Folder below each prefix in which ``verify`` works."""


def servers(settings: Settings) -> tuple[str, ...]:
    """The MinIO servers whose admin the stack's own settings hold, as ``host:port``, sorted."""
    return tuple(
        sorted(
            {
                minio.admin_endpoint or minio.endpoint
                for repository in settings.repositories.values()
                if (minio := repository.minio) is not None and minio.server == "external"
            }
        )
    )


def minio_policy(settings: Settings, server: str) -> dict[str, object]:
    """The policy of the user whose keys the stack has as *server*'s admin."""
    there = [
        minio
        for repository in settings.repositories.values()
        if (minio := repository.minio) is not None
        and minio.server == "external"
        and (minio.admin_endpoint or minio.endpoint) == server
    ]
    buckets = [minio.bucket for minio in there]
    ours = [bucket.name for bucket in buckets if bucket.ownership != "use"]
    purged = [bucket.name for bucket in buckets if bucket.force_destroy]
    every = [bucket.name for bucket in buckets]
    admin = [*IDENTITIES, *(BUCKET_ADMIN if ours else ())]
    admin += LISTING if any(minio.provisioner is not None for minio in there) else ()
    statements: list[dict[str, object]] = [
        {"Sid": "Identities", "Effect": "Allow", "Action": sorted(admin)},
        *_allow("Buckets", BUCKET, ours, ""),
        *_allow("Purge", PURGE, purged, "/*"),
        *_allow("Content", CONTENT, every, ""),
        *_allow("VerifyObjects", VERIFY_OBJECTS, every, f"/*/{VERIFY_FOLDER}/*"),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(
    sid: str, actions: Iterable[str], buckets: Iterable[str], under: str
) -> list[dict[str, object]]:
    resources = sorted({f"arn:aws:s3:::{bucket}{under}" for bucket in buckets})
    if not resources:
        return []
    return [{"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": resources}]


_RESOURCES: Final[Mapping[Kind, tuple[str, str]]] = {
    "Namespace": ("", "namespaces"),
    "ServiceAccount": ("", "serviceaccounts"),
    "Secret": ("", "secrets"),
    "ConfigMap": ("", "configmaps"),
    "ConfigMapPatch": ("", "configmaps"),
    "Role": ("rbac.authorization.k8s.io", "roles"),
    "RoleBinding": ("rbac.authorization.k8s.io", "rolebindings"),
    "NetworkPolicy": ("networking.k8s.io", "networkpolicies"),
    "Job": ("batch", "jobs"),
    "CronJob": ("batch", "cronjobs"),
}
"""API group and resource of each kind."""

_CHART: Final[tuple[Rule, ...]] = (
    {
        "apiGroups": [""],
        "resources": ["configmaps", "persistentvolumeclaims", "serviceaccounts", "services"],
        "verbs": ["create", "delete", "get", "list", "patch", "watch"],
    },
    {
        "apiGroups": ["apps"],
        "resources": ["deployments", "statefulsets"],
        "verbs": ["create", "delete", "get", "list", "patch", "watch"],
    },
    {"apiGroups": [""], "resources": ["secrets"], "verbs": ["update"]},
)
"""What Helm makes of the chart ``minio``, and how it keeps its revisions."""

_WAITS: Final[Rule] = {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["list"]}
"""How Helm finds out whether the pods run."""

_VERBS: Final = ("create", "delete", "get", "list", "patch", "watch")
"""Read (the owner mark, drift), apply, delete; Pulumi lists and watches what it deletes until it
is gone, and without that right waits for ten minutes."""


_TOKENS: Final[Rule] = {
    "apiGroups": [""],
    "resources": ["serviceaccounts/token"],
    "verbs": ["create"],
}
"""``verify`` goes the pods' way to their roles (IRSA)."""

_JOBS: Final[tuple[Rule, ...]] = (
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "delete"]},
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
)
"""``verify`` tries in pods what only they can, where an image is given."""


def _verify_on_aws(settings: Settings) -> Iterator[Rule]:
    ambient = {r.s3.ambient for r in settings.repositories.values() if r.s3 is not None}
    if "irsa" in ambient:
        yield _TOKENS
    if ambient & {"podIdentity", "node"} and settings.aws and settings.aws.verifier:
        yield from _JOBS


def cluster_role(settings: Settings, plan: AccessPlan) -> dict[str, object]:
    """The ClusterRole of whoever runs ``pulumi up``.

    It holds what it gives to others: Kubernetes lets nobody write a Role with rights that the
    writer lacks, and the verb ``escalate`` would be more than these. It may bind Roles of our
    names alone: without that right a preview in a namespace that stands is refused, since a
    binding is looked at before the Role behind it is there.
    """
    made: dict[str, set[str]] = {}
    for item in inventory(settings, plan):
        if item.kind in _RESOURCES:
            group, resource = _RESOURCES[item.kind]
            made.setdefault(group, set()).add(resource)
    rules: list[Rule] = [
        {"apiGroups": [group], "resources": sorted(resources), "verbs": list(_VERBS)}
        for group, resources in sorted(made.items())
    ]
    installed = installed_servers(settings)
    if installed:
        rules += _CHART
    if any(server.helm.wait_for_pods for server in installed):
        rules.append(_WAITS)
    if plan.roles:
        bound = sorted({role.name for role in plan.roles})
        rules.append(
            {
                "apiGroups": ["rbac.authorization.k8s.io"],
                "resources": ["roles"],
                "resourceNames": bound,
                "verbs": ["bind"],
            }
        )
    if "batch" in made:  # Pulumi waits for a Job by its pods, too
        rules.append({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]})
    if "secrets" not in made.get("", ()):  # kept by others, read by argo-server and by verify
        rules.append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})
    rules += _verify_on_aws(settings)
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": CLUSTER_ROLE},
        "rules": [*rules, *EXECUTOR, *COLLECTOR],
    }
