"""What the plugin's resources are given is what a run inside the cluster reads, word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.access import plan
from argo_artifacts.documents import minio_state
from tests.components.small import minio, stack
from tests.harness import deploy

if TYPE_CHECKING:
    from pathlib import Path

FULL = {
    "default": minio(
        bucket={
            "name": "artifacts",
            "versioning": True,
            "quotaBytes": 2**30,
            "encryption": {"kmsKeyId": "key"},
        },
        lifecycle={"expireDays": 7, "noncurrentExpireDays": 2, "expireDeleteMarkers": True},
        keys={"live": [1, 2], "publish": 2},
    ),
    "taken": minio(bucket={"name": "taken", "ownership": "adopt"}),
}
ONLY_OF_PULUMI = {"forceDestroy"}


def test_both_ways_are_given_the_same(kubeconfig: Path):
    tenants = {
        "team-a": {"repositories": [{"name": "default", "expireDays": 3}, "taken"]},
        "team-b": {"repositories": ["default"], "artifactGC": False},
    }
    given = stack(kubeconfig, repositories=FULL, tenants=tenants)
    run = deploy(given)
    settings = given.settings()
    state = minio_state.state(settings, plan(settings), FULL)
    declared = {r.place: r.inputs for r in run.all("Bucket")}
    assert {bucket["bucket"]: bucket for bucket in state["buckets"]} == {
        name: {key: value for key, value in inputs.items() if key not in ONLY_OF_PULUMI}
        for name, inputs in declared.items()
    }
    assert {policy["name"]: policy for policy in state["policies"]} == {
        r.place: r.inputs for r in run.all("Policy")
    }
    assert {user["name"]: user["policies"] for user in state["users"]} == {
        r.place: r.inputs["policies"] for r in run.all("Attachment")
    }
    assert len(state["users"]) == 5
    (provider,) = run.all("minio-admin")
    wrapped = {"accessKey", "secretKey"}
    assert state["provider"] == {
        key: value for key, value in provider.inputs.items() if key not in wrapped
    } | {"secure": False, "waitSeconds": 60}
