"""Stacks on AWS: settings of the examples, and small ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.access import plan
from argo_artifacts.config import read_stack_file
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


def on_aws(repositories: dict[str, object], **changes: object) -> tuple[Settings, AccessPlan]:
    """Settings and plan of a small stack; each change replaces a whole key."""
    whole = {"cluster": CLUSTER, "aws": AWS, "repositories": repositories} | changes
    made = settings(values(**whole))
    return made, plan(made)
