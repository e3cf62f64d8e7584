"""Stacks on AWS: settings of the examples, and small ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from argo_artifacts.access import plan
from argo_artifacts.config import read_stack_file
from argo_artifacts.config.backends.s3 import S3
from tests.unit.config_files import STACKS
from tests.unit.stacks import settings, values

if TYPE_CHECKING:
    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config import Settings

EXAMPLES = sorted(STACKS.glob("Pulumi.aws-*.yaml"))


def example(name: str) -> tuple[Settings, AccessPlan]:
    """Settings and plan of the example ``Pulumi.aws-<name>.yaml``."""
    made = read_stack_file(STACKS / f"Pulumi.aws-{name}.yaml")
    return made, plan(made)


AWS = {"account": "111122223333", "region": "eu-west-1"}
REFRESHER = {"image": f"registry.example.com/argo-artifacts@sha256:{'0123456789abcdef' * 4}"}
"""What keeps temporary credentials fresh."""

CLUSTER = {
    "name": "prod",
    "kubeconfig": "~/.kube/config",
    "eks": {"name": "prod"},
    "oidc": {"issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/A1B2C3"},
}


def store(identity: str, **more: object) -> dict[str, object]:
    """A repository on S3."""
    return {
        "s3": {"bucket": {"name": "artifacts"}, "region": "eu-west-1", "identity": identity} | more
    }


def _refreshed(repository: object) -> bool:
    """Whether something must keep the credentials of *repository* fresh."""
    given = repository.get("s3") if isinstance(repository, dict) else None
    return given is not None and S3.model_validate_json(json.dumps(given)).refreshed


def on_aws(repositories: dict[str, object], **changes: object) -> tuple[Settings, AccessPlan]:
    """Settings and plan of a small stack; each change replaces a whole key."""
    fresh = {"refresher": REFRESHER} if any(_refreshed(r) for r in repositories.values()) else {}
    whole = {"cluster": CLUSTER, "aws": AWS | fresh, "repositories": repositories} | changes
    made = settings(values(**whole))
    return made, plan(made)
