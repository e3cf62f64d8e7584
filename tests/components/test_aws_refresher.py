"""The refreshers: what their pods run, have and may do, and what waits for their first Job."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.access import names, plan
from argo_artifacts.access.refreshers import refreshers
from argo_artifacts.refresher.task import API, TOKEN, parse
from tests.components.test_minio_provisioning import pod_of
from tests.harness import ROOT, STACKS, deploy, read_stack, write_kubeconfig

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness import Registered, Run, Stack

FILES = ("aws-assume-role-session", "aws-access-grants")


@pytest.fixture(scope="module", params=FILES)
def deployed(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _loop: asyncio.AbstractEventLoop,
) -> tuple[Stack, Run]:
    """A stack and its run, once for all that is asked of it."""
    asyncio.set_event_loop(_loop)
    file = STACKS / f"Pulumi.{request.param}.yaml"
    stack = read_stack(file, write_kubeconfig(tmp_path_factory.mktemp("kubeconfig")))
    with contextlib.chdir(ROOT):
        return stack, deploy(stack)


def planned(stack: Stack):
    settings = stack.settings()
    return refreshers(settings, plan(settings))


def pods(run: Run, place: str) -> list[dict]:
    """The pods of the first Job and of the CronJob."""
    cron = run.one("CronJob", place).inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return [pod_of(run.one("Job", place)), cron]


def test_both_jobs_run_the_task_of_the_plan_in_its_image(deployed):
    stack, run = deployed
    for one in planned(stack):
        for pod in pods(run, f"argo/{one.name}"):
            (container,) = pod["containers"]
            assert container["image"] == one.image
            assert container["command"][:3] == ["python", "-m", "argo_artifacts.refresher"]
            (mount,) = container["volumeMounts"]
            assert parse(container["command"][3:]) == (one.task, mount["mountPath"])
            assert mount["readOnly"]


def test_the_pod_finds_the_files_that_the_command_reads_and_each_token_is_for_one_reader(deployed):
    stack, run = deployed
    for one in planned(stack):
        for pod in pods(run, f"argo/{one.name}"):
            (volume,) = pod["volumes"]
            projected = volume["projected"]
            assert projected["defaultMode"] == 0o440
            assert projected["sources"] == [
                {
                    "serviceAccountToken": {
                        "audience": "sts.amazonaws.com",
                        "expirationSeconds": 600,
                        "path": TOKEN,
                    }
                },
                {"serviceAccountToken": {"expirationSeconds": 600, "path": f"{API}/token"}},
                {
                    "configMap": {
                        "name": "kube-root-ca.crt",
                        "items": [{"key": "ca.crt", "path": f"{API}/ca.crt"}],
                    }
                },
                {
                    "downwardAPI": {
                        "items": [
                            {
                                "path": f"{API}/namespace",
                                "fieldRef": {"fieldPath": "metadata.namespace"},
                            }
                        ]
                    }
                },
            ]


def test_the_pod_may_do_nothing_but_its_work(deployed):
    stack, run = deployed
    for one in planned(stack):
        account = run.one("ServiceAccount", f"argo/{one.name}")
        assert account.inputs["automountServiceAccountToken"] is False
        for pod in pods(run, f"argo/{one.name}"):
            assert pod["serviceAccountName"] == one.name
            assert pod["automountServiceAccountToken"] is False
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["securityContext"]["runAsUser"] > 0
            assert pod["securityContext"]["fsGroup"] > 0
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            (container,) = pod["containers"]
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"]["memory"]
            assert "env" not in container


def test_the_trust_of_its_role_names_its_service_account(deployed):
    stack, run = deployed
    for one in planned(stack):
        role = run.one("Role", one.task.role.rpartition("/")[2])
        assert role.type == "aws:iam/role:Role"
        assert f"system:serviceaccount:argo:{one.name}" in str(role.inputs["assumeRolePolicy"])
        binding = run.one("RoleBinding", f"{one.tenant}/{names.refresher_role(one.repository)}")
        (subject,) = binding.inputs["subjects"]
        assert subject == {"kind": "ServiceAccount", "namespace": "argo", "name": one.name}


def test_runs_never_meet_and_end_before_the_next_one(deployed):
    stack, run = deployed
    for one in planned(stack):
        spec = run.one("CronJob", f"argo/{one.name}").inputs["spec"]
        assert spec["schedule"] == one.schedule
        assert spec["concurrencyPolicy"] == "Forbid"
        assert spec["startingDeadlineSeconds"] < 20 * 60
        assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (1, 2)
        assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 20 * 60
        job = run.one("Job", f"argo/{one.name}")
        assert job.inputs["spec"]["activeDeadlineSeconds"] < 600
        assert job.metadata["annotations"]["pulumi.com/replaceUnready"] == "true"


def test_the_secret_is_made_without_data_and_its_data_are_left_alone(deployed):
    stack, run = deployed
    for one in planned(stack):
        secret = run.one("Secret", f"{one.tenant}/{one.task.secret.name}")
        assert not {"data", "stringData"} & set(secret.inputs)
        assert secret.ignore_changes == ["data", "stringData"]


def test_the_first_job_comes_after_what_it_needs_and_before_the_entry(deployed):
    """Role, its policy, Secret, the right to patch it, the service account."""
    stack, run = deployed
    for one in planned(stack):
        place = f"argo/{one.name}"
        right = f"{one.tenant}/{names.refresher_role(one.repository)}"
        role = one.task.role.rpartition("/")[2]
        before = {
            run.one("ServiceAccount", place).urn,
            run.one("Secret", f"{one.tenant}/{one.task.secret.name}").urn,
            run.one("RoleBinding", right).urn,
            run.one("Role", right).urn,
            run.one("Role", role).urn,
            next(r.urn for r in run.all("RolePolicy") if r.name == role),
        }
        grants = {r.urn for r in run.all("AccessGrant") if r.name.startswith(f"{one.tenant}/")}
        for kind in ("Job", "CronJob"):
            assert before | grants <= run.one(kind, place).depends_on
        entry = run.one("ConfigMap", f"{one.tenant}/artifact-repositories")
        assert run.one("Job", place).urn in entry.depends_on
        others = {r.urn for r in run.all("Job")} - {run.one("Job", place).urn}
        assert not others & entry.depends_on


def test_a_role_allows_sessions_as_long_as_the_credentials(deployed):
    stack, run = deployed
    longer = dict(stack.config)
    longer["aws"] = stack.config["aws"] | {
        "refresher": stack.config["aws"]["refresher"] | {"sessionHours": 3}
    }
    purposes = {"entry": 10800, "location": 10800, "grantee": 3600}
    access = plan(replace(stack, config=longer).settings())
    assert {r.purpose: r.session_seconds for r in access.aws.roles}.items() <= purposes.items()
    for role in plan(stack.settings()).aws.roles:
        made = next(r for r in run.all("Role") if r.name == role.name)
        assert made.inputs["maxSessionDuration"] == role.session_seconds == 3600


def job_name(run: Run) -> str:
    return str(first_job(run).metadata["name"])


def first_job(run: Run) -> Registered:
    return min(run.all("Job"), key=lambda job: job.name)


def test_what_changes_the_work_is_another_job_and_its_name_fits(kubeconfig: Path):
    file = STACKS / "Pulumi.aws-assume-role-session.yaml"
    stack = read_stack(file, kubeconfig)
    whole = stack.config["aws"]
    before = job_name(deploy(stack))
    assert len(before) <= 63
    fresh = {
        "image": f"registry.example.com/other@sha256:{'0' * 64}",
        "sessionHours": 2,
    }
    for key, value in fresh.items():
        changed = whole | {"refresher": whole["refresher"] | {key: value}}
        assert job_name(deploy(replace(stack, config=stack.config | {"aws": changed}))) != before
