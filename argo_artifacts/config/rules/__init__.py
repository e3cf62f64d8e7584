"""Rules across fields and entries: what Argo, Kubernetes or the stores would not check.

Each rule looks only at entries that are sound by themselves, so that all faults of all files
come out of one run. Numbers ``R1`` to ``R24`` are those of Argo's unchecked rules
(docs/stack-file.md); a rule of one field stands on the field's type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.config.rules import (
    aws,
    buckets,
    installation,
    minio,
    minio_helm,
    minio_provisioner,
    repositories,
    tenants,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.config.faults import Fault
    from argo_artifacts.config.rules.draft import Draft


def faults(draft: Draft) -> Iterator[Fault]:
    """Yield every fault that no single field shows."""
    yield from installation.faults(draft)
    yield from repositories.faults(draft)
    yield from minio.faults(draft)
    yield from minio_helm.faults(draft)
    yield from minio_provisioner.faults(draft)
    yield from aws.faults(draft)
    yield from buckets.faults(draft)
    yield from tenants.faults(draft)
