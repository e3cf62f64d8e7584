"""Temporary credentials from the first `up` on: the first Job fills the Secret, the entry follows.

The test plays the machine (:mod:`tests.engine.job_kubelet`); engine, API server, controllers,
tokens and the pod's code are real. The deployer has the rights that `documents` prints, and no
others.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.batch_v1 import CronJob, Job

from argo_artifacts.access import names, plan
from argo_artifacts.access.refreshers import Refresher, refreshers
from argo_artifacts.config import parse
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.documents import deployer
from argo_artifacts.documents.aws.trust import trust
from tests.engine.aws_stack import PLUGINS
from tests.engine.job_kubelet import JobKubelet, Ran
from tests.engine.least import kubeconfig_of
from tests.engine.moto_server import ACCOUNT, REGION, Keys
from tests.engine.stack import EngineStack
from tests.engine.sts_door import StsDoor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from argo_artifacts.config import Settings
    from tests.engine.live import LiveCluster
    from tests.engine.moto_server import MotoServer
    from tests.engine.stack import Outcome
    from tools.local_platform.platform import LocalPlatform

NAME = "aws-fresh"
KEYS = ("accessKey", "secretKey", "sessionToken")


@dataclass
class Story:
    """What was done in this order, and what stood there afterwards."""

    plans: tuple[Refresher, ...]
    first: Outcome
    ran: list[Ran]
    """By the first `up`."""

    held: dict[str, dict[str, str]]
    """The tenants' Secrets then."""

    later: Ran
    """A run of the CronJob's own."""

    held_later: dict[str, str]
    again: Outcome
    """With a look at all that stands."""

    held_at_last: dict[str, str]
    ran_again: list[Ran]
    shown: list[str]
    """Every token that STS saw."""

    state: str
    entries: set[str]


def configured(stack: EngineStack, issuer: str, kubeconfig: Path) -> Settings:
    """Write settings with the cluster's own issuer, and the deployer's way in."""
    image = f"registry.example.com/argo-artifacts@sha256:{'0123456789abcdef' * 4}"
    changes = {
        "cluster": {"name": NAME, "kubeconfig": str(kubeconfig), "oidc": {"issuer": issuer}},
        "aws": {
            "account": ACCOUNT,
            "region": REGION,
            "oidcProvider": "create",
            "refresher": {"image": image},
        },
        "argo": {
            "version": "4.0.5",
            "namespace": stack.space("argo"),
            "namespaceSettings": {"ownership": "create"},
        },
        "repositories": {
            "default": {
                "s3": {
                    "bucket": {"name": f"{NAME}-artifacts"},
                    "region": REGION,
                    "identity": "assumeRole",
                    "assumeRole": {"by": "refresher"},
                }
            }
        },
        "tenants": {stack.space("a"): {}, stack.space("b"): {"artifactGC": False}},
    }
    stack.configure(**changes)
    return parse(changes, project=NAMESPACE, stack=NAME, folder=kubeconfig.parent)


@pytest.fixture(scope="module")
def story(  # noqa: PLR0913, PLR0917 - what a whole stack lies on
    platform: LocalPlatform,
    cluster: LiveCluster,
    engine_folder: Path,
    vault: Mapping[str, object],
    moto: MotoServer,
    aws_double: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Story:
    stack = EngineStack(
        platform,
        engine_folder,
        NAME,
        vault,
        variables={**moto.variables(), "AWS_DOUBLE": str(aws_double)},
        plugins=PLUGINS,
    )
    issuer = json.loads(platform.cluster.ask("/.well-known/openid-configuration"))["issuer"]
    kubeconfig = tmp_path_factory.mktemp("deployer") / "kubeconfig"
    settings = configured(stack, issuer, kubeconfig)
    access = plan(settings)
    role = deployer.cluster_role(settings, access)
    kubeconfig.write_text(kubeconfig_of(NAME, role, platform.kubeconfig, cluster.client))
    plans = refreshers(settings, access)
    places = {one.tenant: f"{one.tenant}/{one.task.secret.name}" for one in plans}
    door = StsDoor(
        behind=moto.endpoint,
        keys=platform.cluster.ask("/openid/v1/jwks"),
        provider=issuer.removeprefix("https://"),
        trusts={role.arn: trust(settings, role) for role in access.aws.roles},
    )
    host, _, port = platform.api_server.removeprefix("https://").partition(":")
    space, first_tenant = stack.space("argo"), places[plans[0].tenant]
    with door:
        variables = {
            "KUBERNETES_SERVICE_HOST": host,
            "KUBERNETES_SERVICE_PORT": port,
            "AWS_ENDPOINT_URL_STS": door.url,
        }
        pods = tmp_path_factory.mktemp("pods")
        label = names.REFRESHER_LABEL
        with JobKubelet(cluster.client, space, pods, {}, label, variables) as kubelet:
            first, ran = stack.up(), list(kubelet.ran)
            held = {tenant: cluster.data("Secret", place) for tenant, place in places.items()}
            kubelet.ran.clear()
            run_now(cluster, space, plans[0].name)
            (later,) = kubelet.ran
            held_later = cluster.data("Secret", first_tenant)
            kubelet.ran.clear()
            again = stack.up("--refresh")
            ran_again = list(kubelet.ran)
    return Story(
        plans=plans,
        first=first,
        ran=ran,
        held=held,
        later=later,
        held_later=held_later,
        again=again,
        held_at_last=cluster.data("Secret", first_tenant),
        ran_again=ran_again,
        shown=door.shown,
        state=stack.export(),
        entries={t for t in places if cluster.stands("ConfigMap", f"{t}/artifact-repositories")},
    )


def run_now(cluster: LiveCluster, space: str, name: str) -> None:
    """Let a CronJob run, as its controller does when its time comes."""
    cron = cluster.client.get(CronJob, name, namespace=space)
    template = cron.spec.jobTemplate
    job = Job(metadata=ObjectMeta(name=f"{name}-now", namespace=space), spec=template.spec)
    cluster.client.create(job)
    wait = ["Complete", "Failed"]
    cluster.client.wait(Job, f"{name}-now", for_conditions=wait, namespace=space)


def test_the_first_up_runs_each_job_once_and_fills_each_secret(story: Story):
    assert [(ran.code, ran.err) for ran in story.ran] == [(0, ""), (0, "")]
    assert story.first.numbers["kubernetes:batch/v1:Job"] == 2
    assert story.first.numbers["kubernetes:batch/v1:CronJob"] == 2
    assert set(story.held) == story.entries == {one.tenant for one in story.plans}
    for held in story.held.values():
        assert set(held) == set(KEYS)
        assert all(text and text == text.strip() for text in held.values())


def test_each_secret_holds_a_session_of_its_own_tenants_role(story: Story, moto: MotoServer):
    for one in story.plans:
        keys = Keys(*(story.held[one.tenant][key] for key in KEYS))
        acting = moto.client("sts", keys).get_caller_identity()["Arn"]
        role = one.task.role.rpartition("/")[2]
        assert acting.endswith(f":assumed-role/{role}/{one.name}")


def test_the_cron_job_runs_the_same_and_renews_the_session(story: Story):
    assert (story.later.code, story.later.err) == (0, "")
    before = story.held[story.plans[0].tenant]
    assert set(story.held_later) == set(KEYS)
    assert all(story.held_later[key] != before[key] for key in KEYS)


def test_pulumi_leaves_the_credentials_alone(story: Story):
    """Neither the look at what stands nor the `up` takes them for drift."""
    assert story.again.said == []
    assert story.ran_again == []
    assert story.held_at_last == story.held_later


def test_no_token_or_credential_stands_in_a_state_an_output_or_a_log(story: Story):
    secrets = set(story.shown)
    for held in (*story.held.values(), story.held_later):
        secrets |= {held["secretKey"], held["sessionToken"]}
    said = story.first.text + story.again.text + story.state
    said += "".join(ran.out + ran.err for ran in (*story.ran, story.later))
    assert len(secrets) == 9
    assert "refreshed by" in said
    for secret in secrets:
        assert secret not in said
