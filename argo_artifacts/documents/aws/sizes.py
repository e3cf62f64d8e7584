"""Sizes and numbers that IAM and S3 accept, in the units in which they count.

IAM User Guide, "IAM and AWS STS quotas" (2023): characters without white space; our documents
hold none. Lower bounds: AWS may have raised them since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.documents import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ROLE_POLICY: Final = 10_240
"""All inline policies of a role together."""

MAX_USER_POLICY: Final = 2_048
"""All inline policies of a user together."""

MAX_MANAGED_POLICY: Final = 6_144
"""One managed policy."""

MAX_ATTACHED: Final = 10
"""Managed policies on one role."""

MAX_TRUST_POLICY: Final = 2_048
"""A role's trust policy."""

MAX_BUCKET_POLICY: Final = 20_480
"""A bucket policy, in bytes."""

MAX_KEY_POLICY: Final = 32_768
"""A key policy, in bytes (KMS)."""

MAX_ROLES: Final = 5_000
"""Roles of an account, where AWS was asked for more."""

USUAL_ROLES: Final = 1_000
"""Roles of an account that asked for no more."""

MAX_USERS: Final = 5_000
"""Users of an account."""

MAX_ASSOCIATIONS: Final = 5_000
"""Associations of Pod Identity in a cluster."""

MAX_GRANTS: Final = 100_000
"""Grants of an S3 Access Grants instance."""

MAX_LOCATIONS: Final = 1_000
"""Locations of an S3 Access Grants instance."""


def characters(document: Mapping[str, object]) -> int:
    """Characters of *document* as IAM counts them: without white space."""
    return len("".join(canonical.document(document).split()))
