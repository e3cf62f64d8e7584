"""MinIO policies: the grants of a credential as the statements that the server reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.documents import s3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.access.grants import Credential

DELETE_VERSION: Final = "s3:DeleteObjectVersion"
"""A MinIO server lets whoever may delete an object remove its versions for good, unless this is
denied (measured): versioning would protect nothing from the collector's keys."""

MAX_POLICY_BYTES: Final = 20480
"""Largest policy document that a MinIO server takes (measured: docs/minio-admin-provider.md)."""

MAX_USER_NAME: Final = 250
"""Longest user name to which a MinIO server attaches a policy (measured, as above)."""

_NO_ADMIN: Final[Mapping[str, object]] = {
    "Sid": "NoAdmin",
    "Effect": "Deny",
    "Action": ["admin:*"],
}
"""A user may mint access keys for itself and change its own secret unless this Deny stands: the
only form that also holds when a wide policy is attached beside ours (measured on the server)."""


def policy(credential: Credential) -> dict[str, object]:
    """The policy of the users behind *credential*: its prefixes and verbs, and nothing else."""
    bucket = f"arn:aws:s3:::{credential.bucket}"
    allowed = s3.statements([s3.InBucket(bucket=bucket, accesses=credential.accesses)])
    denied: list[dict[str, object]] = []
    if any("delete" in access.verbs for access in credential.accesses):
        denied.append(
            {
                "Sid": "KeepVersions",
                "Effect": "Deny",
                "Action": [DELETE_VERSION],
                "Resource": [f"{bucket}/*"],
            }
        )
    return {"Version": s3.VERSION, "Statement": [*allowed, *denied, dict(_NO_ADMIN)]}
