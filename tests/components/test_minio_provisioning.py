"""The Job that provisions a server from inside: what it runs, reads, may do, and when it runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.access import names
from providers.minio_admin import provision
from providers.minio_admin.desired import Keys, parse
from tests.components.small import minio, stack
from tests.harness import deploy, generated_secret, revealed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Registered, Run

IMAGE = {"image": "registry.example.com/argo-artifacts:0.1.0"}
BASE = f"argo/{names.provisioner('minio:9000')}"
INSIDE = {"default": minio(provisioner=IMAGE)}


def run_of(kubeconfig: Path, **changes: object) -> Run:
    return deploy(stack(kubeconfig, **{"repositories": INSIDE, **changes}))


def pod_of(job: Registered) -> dict:
    return job.inputs["spec"]["template"]["spec"]


def test_the_pod_finds_the_files_that_the_command_reads(kubeconfig: Path, certificate: Path):
    """The mounts are spelt in one program and read in another."""
    ca = minio(provisioner=IMAGE, tls={"ca": str(certificate)})
    run = run_of(kubeconfig, repositories={"default": ca}, tenants={"team-a": {}, "team-b": {}})
    pod = pod_of(run.one("Job", BASE))
    (container,) = pod["containers"]
    assert container["command"] == ["python", "-m", "providers.minio_admin.provision", "/provision"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    files = {}
    for mount in container["volumeMounts"]:
        assert mount["readOnly"]
        for name, text in mounted(run, volumes[mount["name"]]).items():
            files[f"{mount['mountPath']}/{name}".removeprefix("/provision/")] = text
    users = {r.place for r in run.all("Credentials")}
    assert set(files) == {
        provision.STATE,
        provision.AUTHORITY,
        provision.ACCESS_KEY,
        provision.SECRET_KEY,
        *(f"{provision.USERS}/{user}" for user in users),
    }
    keys = Keys(access_key="a", secret_key="s", ca_certificate=files[provision.AUTHORITY])
    state = parse(files[provision.STATE], keys)
    assert {str(user["name"]) for user in state.users} == users
    assert len(users) == 2


def mounted(run: Run, volume: dict) -> dict[str, str]:
    """The files of a volume, by name."""
    if "configMap" in volume:
        return run.one("ConfigMap", f"argo/{volume['configMap']['name']}").inputs["data"]
    given = volume["secret"]
    assert given["defaultMode"] == 0o440
    data = revealed(run.one("Secret", f"argo/{given['secretName']}").inputs["data"])
    assert isinstance(data, dict)
    paths = {item["key"]: item["path"] for item in given.get("items", [])}
    return {paths.get(key, key): value for key, value in data.items()}


def test_the_job_gets_the_generated_secrets_that_the_tenants_publish(kubeconfig: Path):
    run = run_of(kubeconfig)
    (user,) = [r.place for r in run.all("Credentials")]
    given = revealed(run.one("Secret", f"{BASE}-users").inputs["data"])
    published = revealed(run.one("Secret", "team-a/argo-artifacts-default").inputs["data"])
    assert given == {user: published["secretKey"]}
    (credentials,) = run.all("Credentials")
    assert credentials.secret_outputs == {"secretKey"}
    assert generated_secret(user) not in json.dumps(run.one("ConfigMap", BASE).inputs)


def test_the_pod_may_do_nothing_but_its_work(kubeconfig: Path):
    """What Kubernetes calls restricted, and no token of the API server."""
    pod = pod_of(run_of(kubeconfig).one("Job", BASE))
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["restartPolicy"] == "Never"
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert set(pod) == {
        *("automountServiceAccountToken", "containers", "restartPolicy"),
        *("securityContext", "volumes"),
    }


def test_the_job_ends_before_pulumi_stops_waiting_and_is_replaced_when_it_failed(kubeconfig: Path):
    job = run_of(kubeconfig).one("Job", BASE)
    assert job.inputs["spec"]["activeDeadlineSeconds"] < 600
    assert job.inputs["spec"]["backoffLimit"] == 2
    assert job.metadata["annotations"]["pulumi.com/replaceUnready"] == "true"
    template = job.inputs["spec"]["template"]["metadata"]
    assert template["labels"] == {names.PROVISIONER_LABEL: names.provisioner("minio:9000")}
    assert template["annotations"][names.OWNER_MARK] == "argo-artifacts/small"


def job_name(run: Run) -> str:
    (job,) = run.all("Job")
    return str(job.metadata["name"])


@pytest.mark.parametrize(
    "changes",
    [
        {"tenants": {"team-a": {}, "team-b": {}}},
        {"tenants": {"team-a": {"artifactGC": False}}},
        {"repositories": {"default": minio(provisioner=IMAGE, lifecycle={"expireDays": 9})}},
        {"repositories": {"default": minio(provisioner={"image": "example.com/other:1"})}},
    ],
    ids=["tenant", "policy", "bucket", "image"],
)
def test_what_changes_the_work_is_another_job(kubeconfig: Path, changes):
    assert job_name(run_of(kubeconfig, **changes)) != job_name(run_of(kubeconfig))


def test_what_does_not_change_the_work_is_the_same_job(kubeconfig: Path):
    another = {"default": minio(provisioner=IMAGE) | {"archiveLogs": True}}
    assert job_name(run_of(kubeconfig, repositories=another)) == job_name(run_of(kubeconfig))


def test_another_authority_is_another_job(kubeconfig: Path, certificate: Path):
    secure = {"default": minio(provisioner=IMAGE, tls={"ca": str(certificate)})}
    before = job_name(run_of(kubeconfig, repositories=secure))
    certificate.write_text(certificate.read_text() * 2)
    assert job_name(run_of(kubeconfig, repositories=secure)) != before


def test_one_job_provisions_all_repositories_of_a_server_and_another_one_the_next_server(
    kubeconfig: Path,
):
    repositories = {
        "default": minio(provisioner=IMAGE),
        "second": minio(provisioner=IMAGE, bucket={"name": "second"}),
        "far": minio(provisioner=IMAGE, endpoint="far:9000"),
        "near": minio(endpoint="near:9000"),
    }
    tenants = {"team-a": {"repositories": list(repositories)}}
    run = run_of(kubeconfig, repositories=repositories, tenants=tenants)
    own = names.owner_id("argo-artifacts/small")
    far = f"argo/{names.provisioner('far:9000')}"
    assert run.places("Job") == sorted([BASE, far])
    state = json.loads(run.one("ConfigMap", BASE).inputs["data"]["state.json"])
    assert [bucket["bucket"] for bucket in state["buckets"]] == ["artifacts", "second"]
    assert set(state["others"]) == {
        f"test.team-a.{repository}.{part}"
        for repository in ("far", "near")
        for part in (own, f"1.{own}")
    }
    assert run.places("User") == [f"test.team-a.near.1.{own}"]


def test_the_job_comes_after_all_that_it_mounts_and_before_what_names_its_users(kubeconfig: Path):
    argo = {"version": "4.0.5", "namespaceSettings": {"ownership": "create"}}
    run = run_of(kubeconfig, argo=argo)
    job = run.one("Job", BASE)
    before = {
        run.one("Namespace", "argo").urn,
        run.one("ConfigMap", BASE).urn,
        run.one("Secret", f"{BASE}-admin").urn,
        run.one("Secret", f"{BASE}-users").urn,
    }
    assert before <= job.depends_on
    assert job.urn in run.one("ConfigMap", "team-a/artifact-repositories").depends_on
    assert run.one("Namespace", "argo").urn in run.one("Secret", f"{BASE}-admin").depends_on


def test_a_server_that_the_stack_installs_is_provisioned_beside_it_with_its_generated_admin(
    kubeconfig: Path,
):
    helm = minio(server="helm", endpoint="minio.minio.svc:9000", provisioner=IMAGE)
    run = run_of(kubeconfig, repositories={"default": helm})
    base = names.provisioner("minio.minio.svc:9000")
    job = run.one("Job", f"minio/{base}")
    (release,) = run.all("Release")
    assert release.urn in job.depends_on
    assert release.urn in run.one("Secret", f"minio/{base}-users").depends_on
    root = revealed(run.one("Secret", "minio/minio-root").inputs["data"])
    (volume,) = [volume for volume in pod_of(job)["volumes"] if volume["name"] == "admin"]
    assert volume["secret"]["secretName"] == "minio-root"
    assert {item["key"]: item["path"] for item in volume["secret"]["items"]} == {
        "rootUser": "accessKey",
        "rootPassword": "secretKey",
    }
    assert set(root) == {"rootUser", "rootPassword"}
    labels = job.inputs["spec"]["template"]["metadata"]["labels"]
    policy = run.one("NetworkPolicy", "minio/minio").inputs["spec"]["ingress"][0]["from"]
    assert {"podSelector": {"matchLabels": labels}} in policy
    assert [r.name for r in run.all("minio-admin")] == ["credentials"]


def test_without_tenants_a_job_still_takes_away_what_was_there(kubeconfig: Path):
    run = run_of(kubeconfig, tenants={})
    state = json.loads(run.one("ConfigMap", BASE).inputs["data"]["state.json"])
    assert (state["users"], state["policies"]) == ([], [])
    assert len(state["buckets"]) == 1
