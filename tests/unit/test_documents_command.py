"""``documents``, ``values`` and ``permissions`` as a user meets them."""

from __future__ import annotations

import json

import pytest
import yaml

from argo_artifacts.access import plan
from argo_artifacts.access.servers import installed_servers
from argo_artifacts.documents import (
    deployer,
    kubernetes,
    matrix,
    minio,
    minio_chart,
    network_policy,
    s3,
)
from argo_artifacts.documents.aws import deployer as aws_deployer
from argo_artifacts.documents.aws import identity, kms
from argo_artifacts.repository import controller, entries
from tests.unit import command
from tests.unit.config_files import ROOT
from tests.unit.stacks import MINIO, settings


@pytest.fixture
def project(tmp_path, capsys, monkeypatch) -> command.Project:
    return command.project(tmp_path, capsys, monkeypatch)


def shown(project: command.Project, *arguments: str) -> dict[tuple[str, str], dict]:
    """Each document by kind and name."""
    said = project.run("documents", "--stack", "test", *arguments, "--json")
    return {(one["kind"], one["name"]): one["content"] for one in json.loads(said.out)}


def test_every_policy_is_shown_as_it_is_written(project):
    found = shown(project)
    for credential in plan(settings()).credentials:
        assert found["MinIO policy", credential.policy] == minio.policy(credential)


def test_every_entry_is_shown_as_it_is_written(project):
    made = settings()
    found = shown(project)
    for tenant in made.tenants:
        config_map = found["ConfigMap", f"{tenant}/artifact-repositories"]
        assert config_map["data"] == entries.config_map_data(made, plan(made), tenant)
        assert config_map["metadata"]["annotations"] == {
            "argo-artifacts/owner": "argo-artifacts/test",
            "workflows.argoproj.io/default-artifact-repository": "default",
        }


def test_every_role_is_shown_as_it_is_written(project):
    found = shown(project)
    for role in plan(settings()).roles:
        shown_role = found["Role", f"{role.namespace}/{role.name}"]
        assert shown_role["rules"] == list(kubernetes.rules(role))


def test_the_deployers_rights_are_shown(project):
    made = settings()
    found = shown(project)
    name = deployer.CLUSTER_ROLE
    assert found["Deployer's MinIO policy", name] == deployer.minio_policy(made, "minio:9000")
    assert found["Deployer's ClusterRole", name] == deployer.cluster_role(made, plan(made))


@pytest.mark.parametrize(
    ("choice", "kind"),
    [("own", "ConfigMap"), ("patch", "ConfigMap patch"), ("values", "Helm values"), ("none", None)],
)
def test_the_controllers_configuration_is_shown_where_we_have_a_word_in_it(project, choice, kind):
    argo = {"version": "4.0.5", "controllerConfig": choice}
    project.stack(argo=argo)
    words = {"ConfigMap": "data", "ConfigMap patch": "data", "Helm values": "controller"}
    found = [
        (of, content[words[of]])
        for (of, name), content in shown(project).items()
        if name in ("argo/workflow-controller-configmap", "argo-workflows")
    ]
    made = settings(argo=argo)
    data, defaults = controller.config_map_data(made), controller.workflow_defaults(made)
    expected = {"own": data, "patch": data, "values": {"workflowDefaults": defaults}}
    assert found == ([] if kind is None else [(kind, expected[choice])])


def test_lifecycle_rules_are_shown_in_the_words_of_the_stack_file(project):
    assert ("Lifecycle rules", "artifacts") not in shown(project)
    lifecycle = {"expireDays": 30}
    project.stack(repositories={"default": {"minio": MINIO | {"lifecycle": lifecycle}}})
    assert shown(project)["Lifecycle rules", "artifacts"] == {
        "rules": [{"id": "expire", "prefix": "prod/", "expireDays": 30}]
    }


def test_a_server_of_ours_is_shown_as_it_is_installed_and_closed(project):
    helm = MINIO | {
        "server": "helm",
        "endpoint": "minio.minio.svc:9000",
        "adminEndpoint": "127.0.0.1:9000",
        "tls": {"enabled": False},
    }
    repositories = {"default": {"minio": helm}}
    project.stack(repositories=repositories)
    (server,) = installed_servers(settings(repositories=repositories))
    found = shown(project)
    assert found["Helm values", "minio/minio"] == minio_chart.values(server)
    assert found["NetworkPolicy", "minio/minio"]["spec"] == network_policy.spec(server)
    assert not any(kind == "Deployer's MinIO policy" for kind, _ in found)


def test_plain_text_is_one_yaml_stream_of_the_same_documents(project):
    said = project.run("documents", "--stack", "test")
    assert list(yaml.safe_load_all(said.out)) == list(shown(project).values())
    lines = said.out.splitlines()
    titles = [line for line in lines if line.startswith("# ") and not line.startswith("# ->")]
    assert titles == [f"# {kind} {name}" for kind, name in shown(project)]
    places = [line for line in lines if line.startswith("# -> ")]
    assert len(places) == len(titles)
    assert "# -> namespace team-a, bound to team-a/workflow" in places


def test_one_tenant_is_shown_alone(project):
    found = shown(project, "--tenant", "team-b")
    assert [kind for kind, _ in found] == ["MinIO policy", "Role", "Role", "Role", "ConfigMap"]
    assert all("team-b" in name for _, name in found)


def test_no_document_holds_a_key_of_a_stack_whose_keys_are_given(project):
    kept = {"server": "credentials", "bucket": {"name": "kept", "ownership": "use"}}
    project.stack(
        repositories={"default": {"minio": MINIO | kept | {"existingSecret": {"name": "vault"}}}}
    )
    kinds = {kind for kind, _ in shown(project)}
    assert kinds == {"Role", "ConfigMap", "Helm values", "Deployer's ClusterRole"}


def test_helm_reads_the_values_as_they_come(project):
    said = project.run("values", "--stack", "test")
    assert (said.code, said.err) == (0, "")
    assert yaml.safe_load(said.out) == controller.helm_values(settings())
    assert project.run("values", "--stack", "test", "--json").json == yaml.safe_load(said.out)


def test_the_committed_page_of_permissions_is_what_the_command_prints(project):
    committed = (ROOT / "docs/permissions.md").read_text()
    assert project.run("permissions").out == committed
    assert project.run("permissions", "--json").json == {"markdown": committed}


def test_the_page_of_permissions_names_every_action_and_every_rule():
    page = matrix.markdown()
    actions = {
        *s3.WHY,
        *identity.WHY,
        *kms.ADMINISTER,
        *(
            action
            for group in vars(aws_deployer).values()
            if isinstance(group, dict)
            for action in group
            if action.count(":") == 1 and "/" not in action
        ),
        *deployer.IDENTITIES,
        *deployer.LISTING,
        *deployer.BUCKET_ADMIN,
        *deployer.BUCKET,
        *deployer.PURGE,
        *deployer.CONTENT,
        *deployer.VERIFY_OBJECTS,
    }
    assert [action for action in actions if f"`{action}`" not in page] == []
    for rule in (*kubernetes.EXECUTOR, *kubernetes.COLLECTOR):
        assert f"`{rule['resources'][0]}.argoproj.io` | {', '.join(rule['verbs'])} |" in page
