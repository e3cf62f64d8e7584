"""Inventory: what a stack creates; the engine tests compare it with what Pulumi really makes."""

from __future__ import annotations

from argo_artifacts.access import plan
from argo_artifacts.access.inventory import TYPES, count, inventory
from argo_artifacts.access.names import owner_id, provisioner
from tests.unit.stacks import MINIO, each, settings, stacks


def names(*kinds: str, **changes: object) -> list[str]:
    made = settings(**changes)
    items = inventory(made, plan(made))
    return [f"{item.kind} {item.name}" for item in items if not kinds or item.kind in kinds]


@each(stacks())
def test_every_object_is_listed_once_and_counted(stack):
    made = settings(stack)
    items = inventory(made, plan(made))
    assert len({(item.kind, item.name) for item in items}) == len(items)
    assert sum(count(items).values()) == len(items)
    assert set(count(items)) <= set(TYPES)


@each(stacks())
def test_every_grant_of_a_tenant_has_its_objects(stack):
    made = settings(stack)
    access = plan(made)
    there = {(item.kind, item.name) for item in inventory(made, access)}
    for tenant in made.tenants.values():
        if access.credentials_of(tenant.name):
            assert ("ConfigMap", f"{tenant.name}/artifact-repositories") in there
        for credential in access.credentials_of(tenant.name):
            secret = ("Secret", f"{tenant.name}/{credential.secret.name}")
            assert (secret in there) == credential.secret.managed


def test_the_objects_of_one_tenant():
    argo = {"version": "4.0.5", "controllerConfig": "own"}
    assert owner_id("argo-artifacts/test") == "44e70b23"
    assert names(argo=argo, tenants={"t": {"serviceAccounts": ["etl", "ml"]}}) == [
        "Attachment prod.t.default.1.44e70b23",
        "Bucket artifacts",
        "ConfigMap argo/workflow-controller-configmap",
        "ConfigMap t/artifact-repositories",
        "Namespace t",
        "Policy prod.t.default.44e70b23",
        "Role t/argo-artifact-gc",
        "Role t/argo-artifact-secrets",
        "Role t/argo-executor",
        "RoleBinding t/argo-artifact-gc",
        "RoleBinding t/argo-artifact-secrets",
        "RoleBinding t/argo-executor",
        "Secret t/argo-artifacts-default",
        "ServiceAccount t/artifact-gc",
        "ServiceAccount t/etl",
        "ServiceAccount t/ml",
        "User prod.t.default.1.44e70b23",
    ]


def test_what_is_used_is_not_ours_and_what_is_adopted_is_said():
    tenant = {"namespace": {"ownership": "use"}, "serviceAccountOwnership": "adopt"}
    made = settings(tenants={"t": tenant})
    items = inventory(made, plan(made))
    assert "Namespace" not in count(items)
    assert [item.name for item in items if item.adopted] == ["t/artifact-gc", "t/workflow"]


def test_a_retired_tenant_keeps_its_collector_alone():
    assert names("ServiceAccount", "Role", tenants={"t": {"retired": True}}) == [
        "Role t/argo-artifact-gc",
        "Role t/argo-artifact-secrets",
        "ServiceAccount t/artifact-gc",
    ]


def test_each_live_key_is_a_user_with_an_attachment_and_the_policy_is_one():
    keys = {"live": [5, 6], "publish": 6}
    stack = {"repositories": {"default": {"minio": MINIO | {"keys": keys}}}, "tenants": {"t": {}}}
    assert len(names("User", **stack)) == len(names("Attachment", **stack)) == 2
    assert len(names("Policy", **stack)) == len(names("Secret", **stack)) == 1


def test_a_ca_is_a_secret_more_also_where_others_keep_the_keys():
    kept = MINIO | {
        "server": "credentials",
        "bucket": {"name": "kept", "ownership": "use"},
        "existingSecret": {"name": "vault"},
        "tls": {"ca": "ca.pem"},
    }
    stack = {"repositories": {"default": {"minio": kept}}, "tenants": {"t": {}}}
    assert names("Secret", "Bucket", "Policy", "User", "Attachment", **stack) == [
        "Secret t/argo-ca-default"
    ]


def test_the_controllers_configuration_is_ours_patched_or_left_alone():
    found = {
        choice: names(
            "ConfigMap", "ConfigMapPatch", argo={"version": "4.0.5", "controllerConfig": choice}
        )[:1]
        for choice in ("own", "patch", "values", "none")
    }
    assert found["own"] == ["ConfigMap argo/workflow-controller-configmap"]
    assert found["values"] == found["none"] == ["ConfigMap team-a/artifact-repositories"]
    patched = names("ConfigMapPatch", argo={"version": "4.0.5", "controllerConfig": "patch"})
    assert patched == ["ConfigMapPatch argo/workflow-controller-configmap"]


def test_where_a_job_provisions_it_stands_in_place_of_what_it_makes():
    inside = MINIO | {"provisioner": {"image": "example.com/provision:1"}}
    stack = {"repositories": {"default": {"minio": inside}}, "tenants": {"t": {}}}
    job = f"argo/{provisioner('minio:9000')}"
    assert names("Bucket", "Policy", "User", "Attachment", **stack) == []
    assert names("Job", "Secret", "Credentials", **stack) == [
        f"Credentials prod.t.default.1.{owner_id('argo-artifacts/test')}",
        f"Job {job}",
        f"Secret {job}-admin",
        f"Secret {job}-users",
        "Secret t/argo-artifacts-default",
    ]
