"""Small stacks for tests of one thing at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness import Stack, with_canaries

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "test"
"""Name of the cluster: the first segment of every object key."""

SHARED_KEYS = {"accessKeyConfig": "sharedAccessKey", "secretKeyConfig": "sharedSecretKey"}


def minio(**changes: object) -> dict[str, object]:
    """A repository on a server whose admin we are."""
    server = {
        "server": "external",
        "endpoint": "minio:9000",
        "tls": {"enabled": False},
        "bucket": {"name": "artifacts"},
    }
    return {"minio": server | changes}


def given(**changes: object) -> dict[str, object]:
    """A repository on a server where bucket and keys exist already."""
    bucket = {"name": "artifacts", "ownership": "use"}
    keys = (
        {}
        if {"credentials", "existingSecret"} & set(changes)
        else {"sharedCredentials": SHARED_KEYS}
    )
    return minio(server="credentials", bucket=bucket, **keys, **changes)


def config(kubeconfig: Path, **changes: object) -> dict[str, object]:
    """The configuration of a stack with one tenant, by key."""
    return {
        "cluster": {"name": PREFIX, "kubeconfig": str(kubeconfig)},
        "argo": {"version": "4.0.5"},
        "repositories": {"default": minio()},
        "tenants": {"team-a": {}},
        **changes,
    }


def stack(kubeconfig: Path, **changes: object) -> Stack:
    """A stack with one tenant and a canary for each of its secrets."""
    return with_canaries(Stack(name="small", config=config(kubeconfig, **changes)))
