"""What one tenant gets: the content of its objects, and what a removal deletes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
import yaml

from argo_artifacts.access.names import DEFAULT_ANNOTATION
from tests.components.small import PREFIX, SHARED_KEYS, given, minio, stack
from tests.harness import Stack, deploy, generated_secret, revealed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Registered, Run

SECRET = "argo-artifacts-default"


def decoded(secret: Registered) -> dict[str, str]:
    """What a Secret holds."""
    data = revealed(secret.inputs)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def rules(run: Run, place: str) -> list[dict[str, object]]:
    return run.one("Role", place).inputs["rules"]


def subjects(run: Run, place: str) -> list[str]:
    binding = run.one("RoleBinding", place).inputs
    assert binding["roleRef"]["name"] == place.partition("/")[2]
    assert all(subject["kind"] == "ServiceAccount" for subject in binding["subjects"])
    return [f"{s['namespace']}/{s['name']}" for s in binding["subjects"]]


def entry(run: Run, space: str, key: str = "default") -> dict[str, object]:
    config_map = run.one("ConfigMap", f"{space}/artifact-repositories")
    return yaml.safe_load(config_map.inputs["data"][key])


def test_the_entry_names_the_secret_and_the_keys_that_the_same_run_writes(kubeconfig: Path):
    run = deploy(stack(kubeconfig))
    block = entry(run, "team-a")["s3"]
    secret = run.one("Secret", f"team-a/{block['accessKeySecret']['name']}")
    user = run.one("User", run.places("User")[0]).place
    held = decoded(secret)
    assert held[block["accessKeySecret"]["key"]] == user
    assert held[block["secretKeySecret"]["key"]] == generated_secret(user)
    assert secret.inputs["type"] == "Opaque"


def test_the_entry_leads_to_the_bucket_and_writes_under_the_prefix_of_the_policy(kubeconfig: Path):
    run = deploy(stack(kubeconfig))
    block = entry(run, "team-a")["s3"]
    policy = run.all("Policy")[0].inputs["document"]
    assert block["bucket"] == run.all("Bucket")[0].place == "artifacts"
    assert block["endpoint"] == "minio:9000"
    assert block["insecure"] is True
    assert block["keyFormat"].startswith(f"{PREFIX}/team-a/")
    assert f"arn:aws:s3:::artifacts/{PREFIX}/team-a/*" in policy


def test_the_annotation_names_the_first_of_the_tenants_repositories(kubeconfig: Path):
    repositories = {"default": minio(), "models": minio(bucket={"name": "models"})}
    tenants = {"team-a": {"repositories": ["models", "default"]}}
    run = deploy(stack(kubeconfig, repositories=repositories, tenants=tenants))
    config_map = run.one("ConfigMap", "team-a/artifact-repositories")
    assert config_map.metadata["annotations"][DEFAULT_ANNOTATION] == "models"
    assert set(config_map.inputs["data"]) == {"default", "models"}
    assert run.places("Secret") == ["team-a/argo-artifacts-default", "team-a/argo-artifacts-models"]
    assert rules(run, "team-a/argo-artifact-secrets")[0]["resourceNames"] == [
        "argo-artifacts-default",
        "argo-artifacts-models",
    ]


def test_the_executor_may_report_results_and_read_no_secret(kubeconfig: Path):
    run = deploy(stack(kubeconfig, tenants={"team-a": {"serviceAccounts": ["etl", "ml"]}}))
    assert rules(run, "team-a/argo-executor") == [
        {
            "apiGroups": ["argoproj.io"],
            "resources": ["workflowtaskresults"],
            "verbs": ["create", "patch"],
        }
    ]
    assert subjects(run, "team-a/argo-executor") == ["team-a/etl", "team-a/ml"]


@pytest.mark.parametrize("collects", [True, False])
def test_the_collector_has_its_rights_in_the_cluster_whether_it_may_delete_or_not(
    kubeconfig: Path, collects
):
    run = deploy(stack(kubeconfig, tenants={"team-a": {"artifactGC": collects}}))
    found = {
        (resource, verb)
        for rule in rules(run, "team-a/argo-artifact-gc")
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert found == {
        ("workflowartifactgctasks", "list"),
        ("workflowartifactgctasks", "watch"),
        ("workflowartifactgctasks/status", "patch"),
    }
    assert subjects(run, "team-a/argo-artifact-gc") == ["team-a/artifact-gc"]
    assert ("s3:DeleteObject" in run.all("Policy")[0].inputs["document"]) is collects


def test_argo_server_may_get_exactly_the_secrets_that_the_entries_name(kubeconfig: Path):
    run = deploy(stack(kubeconfig))
    assert rules(run, "team-a/argo-artifact-secrets") == [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [SECRET], "verbs": ["get"]}
    ]
    assert subjects(run, "team-a/argo-artifact-secrets") == ["argo/argo-server"]


def test_with_users_identities_their_service_accounts_read_the_secrets_not_argo_server(
    kubeconfig: Path,
):
    readers = [{"namespace": "sso", "name": "alice"}, {"namespace": "sso", "name": "bob"}]
    argo = {"version": "4.0.5", "server": {"authMode": "sso", "secretReaders": readers}}
    run = deploy(stack(kubeconfig, argo=argo))
    assert subjects(run, "team-a/argo-artifact-secrets") == ["sso/alice", "sso/bob"]


def test_without_access_of_the_server_nobody_reads_the_secrets(kubeconfig: Path):
    run = deploy(stack(kubeconfig, argo={"version": "4.0.5", "server": {"access": "none"}}))
    assert run.places("Role") == ["team-a/argo-artifact-gc", "team-a/argo-executor"]


def test_a_retired_tenant_loses_its_executors_and_keeps_what_old_workflows_need(kubeconfig: Path):
    run = deploy(stack(kubeconfig, tenants={"team-a": {"retired": True}}))
    assert run.places("ServiceAccount") == ["team-a/artifact-gc"]
    assert run.places("Role") == ["team-a/argo-artifact-gc", "team-a/argo-artifact-secrets"]
    assert run.places("Secret") == [f"team-a/{SECRET}"]
    document = run.all("Policy")[0].inputs["document"]
    assert "s3:GetObject" in document
    assert "s3:DeleteObject" in document
    assert "s3:PutObject" not in document
    assert run.outputs["tenants"]["team-a"]["serviceAccounts"] == []


REMOVALS = {
    "created": ({}, ["kept", "deleted", "deleted"]),
    "deleted": ({"namespace": {"deleteNamespace": True}}, ["deleted", "with it", "with it"]),
    "adopted": ({"namespace": {"ownership": "adopt"}}, ["kept", "deleted", "deleted"]),
    "used": ({"namespace": {"ownership": "use"}}, [None, "deleted", "deleted"]),
    "adopted account": ({"serviceAccountOwnership": "adopt"}, ["kept", "kept", "deleted"]),
    "used account": ({"serviceAccountOwnership": "use"}, ["kept", None, "deleted"]),
}


@pytest.mark.parametrize(("tenant", "expected"), REMOVALS.values(), ids=REMOVALS)
def test_what_a_removal_deletes_of_namespace_service_account_and_secret(
    kubeconfig: Path, tenant, expected
):
    run = deploy(stack(kubeconfig, tenants={"team-a": tenant}))
    places = {
        "Namespace": "team-a",
        "ServiceAccount": "team-a/workflow",
        "Secret": f"team-a/{SECRET}",
    }
    assert [_removal(run, kind, place) for kind, place in places.items()] == expected


def _removal(run: Run, kind: str, place: str) -> str | None:
    if place not in run.places(kind):
        return None
    resource = run.one(kind, place)
    if resource.deleted_with:
        assert resource.deleted_with == run.one("Namespace", "team-a").urn
        return "with it"
    return "kept" if resource.retain_on_delete else "deleted"


@pytest.mark.parametrize(("ownership", "hook"), [("create", "owner"), ("adopt", "adopted")])
def test_only_an_adopted_object_may_stand_already(kubeconfig: Path, ownership, hook):
    tenant = {"namespace": {"ownership": ownership}, "serviceAccountOwnership": ownership}
    run = deploy(stack(kubeconfig, tenants={"team-a": tenant}))
    found = [r for kind in ("Namespace", "ServiceAccount") for r in run.all(kind)]
    assert [r.hooks for r in found] == [{"before_create": [hook]}] * 3


def test_an_edit_by_somebody_else_of_what_is_ours_is_taken_back(kubeconfig: Path):
    run = deploy(stack(kubeconfig))
    for kind in ("Namespace", "ServiceAccount", "Secret", "Role", "RoleBinding", "ConfigMap"):
        for resource in run.all(kind):
            assert resource.metadata["annotations"]["pulumi.com/patchForce"] == "true"


def test_during_a_rotation_both_keys_are_users_and_the_secret_holds_the_published_one(
    kubeconfig: Path,
):
    for publish in (5, 6):
        keys = {"live": [5, 6], "publish": publish}
        run = deploy(stack(kubeconfig, repositories={"default": minio(keys=keys)}))
        users = {r.name: r.place for r in run.all("User")}
        assert set(users) == {"team-a/default/5", "team-a/default/6"}
        assert {a.place for a in run.all("Attachment")} == set(users.values())
        published = users[f"team-a/default/{publish}"]
        held = decoded(run.one("Secret", f"team-a/{SECRET}"))
        assert held == {"accessKey": published, "secretKey": generated_secret(published)}


def test_given_keys_are_written_as_they_are_without_the_newline_that_breaks_signing(
    kubeconfig: Path,
):
    made = stack(kubeconfig, repositories={"default": given()})
    secrets = {key: f"value of {key}\n" for key in made.secrets}
    run = deploy(Stack(name=made.name, config=made.config, secrets=secrets))
    assert decoded(run.one("Secret", f"team-a/{SECRET}")) == {
        "accessKey": "value of sharedAccessKey",
        "secretKey": "value of sharedSecretKey",
    }
    assert run.all("minio-admin") == run.all("Bucket") == run.all("User") == []


def test_each_tenant_gets_its_own_given_keys(kubeconfig: Path):
    keys = {
        team: {"accessKeyConfig": f"{team[-1]}AccessKey", "secretKeyConfig": f"{team[-1]}SecretKey"}
        for team in ("team-a", "team-b")
    }
    made = stack(
        kubeconfig,
        repositories={"default": given(credentials=keys)},
        tenants={"team-a": {}, "team-b": {}},
    )
    run = deploy(made)
    for team in ("team-a", "team-b"):
        assert decoded(run.one("Secret", f"{team}/{SECRET}")) == {
            "accessKey": made.secrets[f"{team[-1]}AccessKey"],
            "secretKey": made.secrets[f"{team[-1]}SecretKey"],
        }


def test_a_secret_that_somebody_else_keeps_is_named_and_opened_and_not_written(kubeconfig: Path):
    existing = {"name": "from-vault", "accessKey": "id", "secretKey": "key"}
    run = deploy(stack(kubeconfig, repositories={"default": given(existingSecret=existing)}))
    assert run.all("Secret") == []
    block = entry(run, "team-a")["s3"]
    assert block["accessKeySecret"] == {"name": "from-vault", "key": "id"}
    assert block["secretKeySecret"] == {"name": "from-vault", "key": "key"}
    assert rules(run, "team-a/argo-artifact-secrets")[0]["resourceNames"] == ["from-vault"]


def test_the_repositories_own_keys_serve_every_tenant_that_shares_it(kubeconfig: Path):
    tenants = {"team-a": {}, "team-b": {}}
    made = stack(kubeconfig, repositories={"default": given()}, tenants=tenants)
    run = deploy(made)
    held = [decoded(secret) for secret in run.all("Secret")]
    assert (
        held
        == [{"accessKey": "canary+of/sharedAccessKey=", "secretKey": "canary+of/sharedSecretKey="}]
        * 2
    )
    assert set(made.secrets) == set(SHARED_KEYS.values())


def test_a_bucket_that_is_used_is_not_registered_and_its_users_are(kubeconfig: Path):
    bucket = {"name": "artifacts", "ownership": "use"}
    run = deploy(stack(kubeconfig, repositories={"default": minio(bucket=bucket)}))
    assert run.all("Bucket") == []
    assert len(run.all("User")) == 1


VERSIONING = {
    "created": ({}, False),
    "created with": ({"versioning": True}, True),
    "adopted": ({"ownership": "adopt"}, None),
    "adopted with": ({"ownership": "adopt", "versioning": True}, True),
    "adopted without": ({"ownership": "adopt", "versioning": False}, False),
}


@pytest.mark.parametrize(("bucket", "expected"), VERSIONING.values(), ids=VERSIONING)
def test_the_versioning_of_an_adopted_bucket_is_left_alone_unless_the_file_says_something(
    kubeconfig: Path, bucket, expected
):
    repository = minio(bucket={"name": "artifacts", **bucket})
    run = deploy(stack(kubeconfig, repositories={"default": repository}))
    assert run.all("Bucket")[0].inputs.get("versioning") is expected


def test_a_generated_secret_is_declared_secret_to_the_engine_too(kubeconfig: Path):
    run = deploy(stack(kubeconfig))
    assert [r.secret_outputs for r in run.all("User")] == [{"secretKey"}]


def test_a_tenant_says_its_grants_by_name(kubeconfig: Path):
    run = deploy(stack(kubeconfig))
    (tenant,) = run.all("TenantArtifacts")
    assert tenant.inputs["grants"] == {
        "team-a/workflow (executor) on default:test/team-a/": "list, read, write",
        "team-a/artifact-gc (collector) on default:test/team-a/": "list, delete",
        "argo/argo-server (server) on default:test/team-a/": "list, read",
    }


def test_the_servers_authority_stands_in_a_secret_of_its_own(kubeconfig: Path, certificate: Path):
    tls = {"ca": str(certificate)}
    run = deploy(stack(kubeconfig, repositories={"default": minio(tls=tls)}))
    block = entry(run, "team-a")["s3"]
    assert block["insecure"] is False
    authority = run.one("Secret", f"team-a/{block['caSecret']['name']}")
    assert decoded(authority) == {block["caSecret"]["key"]: certificate.read_text().rstrip("\n")}
    assert set(rules(run, "team-a/argo-artifact-secrets")[0]["resourceNames"]) == {
        SECRET,
        block["caSecret"]["name"],
    }
    assert run.all("minio-admin")[0].inputs["caCertificate"] == certificate.read_text()
    assert authority.urn in run.one("ConfigMap", "team-a/artifact-repositories").depends_on
