"""A server that the stack installs: in which order, with which values, and what stays of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from argo_artifacts.access.names import owner_id
from tests.components import small
from tests.harness import clear_text, deploy, generated_secret, revealed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Registered, Run

ROOT_USER = f"root.{owner_id('argo-artifacts/small')}"


def helm(bucket: str = "artifacts", **changes: object) -> dict[str, object]:
    """A repository on a server that the stack installs."""
    return small.minio(
        server="helm",
        endpoint="minio.minio.svc:9000",
        adminEndpoint="127.0.0.1:9000",
        bucket={"name": bucket},
        helm=changes,
    )


def run_of(kubeconfig: Path, **changes: object) -> Run:
    return deploy(small.stack(kubeconfig, repositories={"default": helm(**changes)}))


def only(run: Run, kind: str) -> Registered:
    (found,) = run.all(kind)
    return found


def servers_provider(run: Run) -> Registered:
    return next(r for r in run.all("minio-admin") if r.name == "minio-default")


def test_secret_and_network_policy_stand_before_the_server_and_the_store_comes_after(kubeconfig):
    run = run_of(kubeconfig)
    release = only(run, "Release")
    space = run.one("Namespace", "minio")
    before = {
        space.urn,
        run.one("Secret", "minio/minio-root").urn,
        only(run, "NetworkPolicy").urn,
    }
    assert before <= release.depends_on
    assert release.urn in servers_provider(run).depends_on
    for resource in [*run.all("Bucket"), *run.all("Policy"), *run.all("User")]:
        assert resource.provider == "minio-default"


def test_the_network_policy_arrives_word_for_word(kubeconfig):
    policy = only(run_of(kubeconfig, allowFrom=["monitoring"]), "NetworkPolicy")
    pods = {"matchLabels": {"app": "minio", "release": "minio"}}
    named = {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": ["argo", "monitoring", "team-a"],
    }
    assert policy.inputs["spec"] == {
        "podSelector": pods,
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [
                    {"podSelector": pods},
                    {"namespaceSelector": {"matchExpressions": [named]}},
                ],
                "ports": [{"protocol": "TCP", "port": 9000}],
            }
        ],
    }


def test_the_release_is_what_the_file_says(kubeconfig):
    release = only(run_of(kubeconfig, storage={"size": "3Gi"}), "Release")
    assert release.inputs["chart"] == "minio"
    assert release.inputs["version"] == "5.4.0"
    assert release.inputs["repositoryOpts"] == {"repo": "https://charts.min.io/"}
    assert (release.inputs["namespace"], release.inputs["name"]) == ("minio", "minio")
    assert release.inputs["skipAwait"] is False
    assert release.inputs["values"]["persistence"]["size"] == "3Gi"
    assert release.inputs["values"]["users"] == []
    assert release.inputs["allowNullValues"] is True  # without it the provider drops empty lists
    assert release.hooks == {"before_create": ["release"], "before_update": ["release-fixed"]}


@pytest.mark.parametrize(
    ("chart", "found"),
    [
        ({"path": "charts/minio-5.4.0.tgz"}, ("stacks/charts/minio-5.4.0.tgz", None, None)),
        (
            {"oci": "oci://registry.example.com/minio", "version": "5.4.0"},
            ("oci://registry.example.com/minio", "5.4.0", None),
        ),
    ],
    ids=["path", "oci"],
)
def test_the_chart_may_lie_elsewhere(kubeconfig, chart, found):
    inputs = only(run_of(kubeconfig, chart=chart, waitForPods=False), "Release").inputs
    assert (inputs["chart"], inputs.get("version"), inputs.get("repositoryOpts")) == found
    assert inputs["skipAwait"] is True


def test_the_generated_admin_goes_into_its_secret_and_to_the_provider_and_nowhere_else(kubeconfig):
    run = run_of(kubeconfig)
    password = generated_secret(ROOT_USER)
    provider = servers_provider(run)
    assert revealed(provider.inputs["accessKey"]) == ROOT_USER
    assert revealed(provider.inputs["secretKey"]) == password
    assert provider.inputs["waitSeconds"] == 300
    assert only(run, "Credentials").provider == "credentials"
    for resource in run.resources.values():
        assert not any(password in text for text in clear_text(resource.inputs))
    assert password not in str(revealed(only(run, "Release").inputs))


def test_two_repositories_on_one_server_share_release_admin_and_provider(kubeconfig):
    repositories = {"default": helm(), "models": helm("models")}
    tenants = {"team-a": {"repositories": ["default", "models"]}}
    run = deploy(small.stack(kubeconfig, repositories=repositories, tenants=tenants))
    assert only(run, "Release").place == "minio/minio"
    assert only(run, "Credentials").place == ROOT_USER
    assert run.places("Bucket") == ["artifacts", "models"]
    assert {r.provider for r in run.all("Bucket")} == {"minio-default"}


@pytest.mark.parametrize(
    ("namespace", "kept", "goes_with_it"),
    [
        ({}, True, False),
        ({"ownership": "adopt"}, True, False),
        ({"deleteNamespace": True}, False, True),
    ],
)
def test_the_namespace_stays_unless_the_file_gives_it_up(kubeconfig, namespace, kept, goes_with_it):
    run = run_of(kubeconfig, namespace=namespace)
    space = run.one("Namespace", "minio")
    assert space.retain_on_delete is kept
    assert (only(run, "Release").deleted_with == space.urn) is goes_with_it


def test_a_namespace_of_others_is_left_alone(kubeconfig):
    run = run_of(kubeconfig, namespace={"ownership": "use"})
    assert "minio" not in run.places("Namespace")
    assert only(run, "Release").place == "minio/minio"
