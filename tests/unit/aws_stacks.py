"""Stacks on AWS: settings of the planned examples, read as if their backend were built."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from argo_artifacts.access import plan
from argo_artifacts.config import read_stack_file
from argo_artifacts.config.repositories import BUILT
from argo_artifacts.config.rules import repositories as rules
from tests.unit.config_files import PLANNED
from tests.unit.stacks import settings, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config import Settings

EXAMPLES = sorted(PLANNED.glob("Pulumi.aws-*.yaml"))


@contextmanager
def s3_is_built() -> Iterator[None]:
    """Let no rule say that S3 is not built yet, which is all that keeps these stacks out."""
    rules.BUILT = BUILT | {"s3"}
    try:
        yield
    finally:
        rules.BUILT = BUILT


def example(name: str) -> tuple[Settings, AccessPlan]:
    """Settings and plan of the planned example ``Pulumi.aws-<name>.yaml``."""
    with s3_is_built():
        made = read_stack_file(PLANNED / f"Pulumi.aws-{name}.yaml")
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
    with s3_is_built():
        made = settings(values(**whole))
    return made, plan(made)
