"""A server by its chart, in the real engine: Helm installs it, the test plays the kubelet."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import PersistentVolumeClaim, Pod, Secret, Service
from lightkube.resources.networking_v1 import NetworkPolicy

from argo_artifacts.access import plan
from argo_artifacts.config import parse
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.documents import deployer
from tests.engine.least import kubeconfig_of
from tests.engine.live import LiveStore
from tests.engine.minio_server import free_port
from tests.engine.server_pod import ServerPod
from tests.engine.test_canaries import forms
from tests.harness import ROOT
from tools.programs import find_or_build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.engine.live import LiveCluster
    from tests.engine.stack import EngineStack, Outcome

NAME = "helm"
SPACE = f"{NAME}-minio"
DEPLOYER = "helm-deployer"


@dataclass
class Scene:
    """A stack with a server of its own, and whoever deploys it with the printed rights."""

    stack: EngineStack
    cluster: LiveCluster
    port: int
    chart: Path
    kubeconfig: Path

    def configure(self, *tenants: str, **helm: object) -> dict[str, object]:
        minio = {
            "server": "helm",
            "endpoint": f"minio.{SPACE}.svc:9000",
            "adminEndpoint": f"127.0.0.1:{self.port}",
            "tls": {"enabled": False},
            "bucket": {"name": self.stack.bucket, "forceDestroy": True},
            "helm": {"namespace": {"name": SPACE}, "chart": {"path": str(self.chart)}, **helm},
        }
        changes: dict[str, object] = {
            "cluster": {"name": NAME, "kubeconfig": str(self.kubeconfig)},
            "argo": {"version": "4.0.5", "namespace": self.stack.space("argo")},
            "repositories": {"default": {"minio": minio}},
            "tenants": {self.stack.space(tenant): {} for tenant in tenants},
        }
        self.stack.configure(**changes)
        return changes

    def root(self) -> dict[str, str]:
        return self.cluster.data("Secret", f"{SPACE}/minio-root")

    def pods(self) -> list[str]:
        return [pod.metadata.uid for pod in self.cluster.client.list(Pod, namespace=SPACE)]

    def store(self) -> LiveStore:
        root = self.root()
        return LiveStore(f"127.0.0.1:{self.port}", root["rootUser"], root["rootPassword"])

    def verify(self) -> subprocess.CompletedProcess[str]:
        runner = self.stack.runner
        return subprocess.run(
            [
                *(sys.executable, "-m", "argo_artifacts.cli", "verify", "--stack", NAME, "--json"),
                *("--config-file", runner.config_file),
            ],
            cwd=ROOT,
            env=runner.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def rendered(self) -> list[dict]:
        """What Helm keeps of the release: every object that it made, hooks too."""
        secret = self.cluster.client.get(Secret, "sh.helm.release.v1.minio.v1", namespace=SPACE)
        packed = base64.b64decode(base64.b64decode(secret.data["release"]))
        release = json.loads(gzip.decompress(packed))
        assert not release.get("hooks")
        return [one for one in yaml.safe_load_all(release["manifest"]) if one]


@dataclass
class Story:
    """What was done, and what was seen on the way."""

    scene: Scene
    preview: Outcome
    first: Outcome
    root: dict[str, str]
    pods: list[str]
    users: set[str]
    rendered: list[dict]
    verified: subprocess.CompletedProcess[str]
    export: str
    decrypted: str
    outputs: str
    again: Outcome
    refreshed: Outcome
    same_root: dict[str, str]
    same_pods: list[str]
    removed: Outcome
    left_users: set[str]
    left_policies: set[str]
    runs: list[str]


@pytest.fixture(scope="module")
def scene(
    make_stack: Callable[[str], EngineStack],
    cluster: LiveCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Scene:
    (chart,) = find_or_build(["minio-chart"]).values()
    folder = tmp_path_factory.mktemp("helm")
    stack = make_stack(NAME)
    found = Scene(stack, cluster, free_port(), chart, folder / "kubeconfig")
    settings = parse(found.configure("a", "b"), project=NAMESPACE, stack=NAME, folder=folder)
    role = deployer.cluster_role(settings, plan(settings))
    found.kubeconfig.write_text(
        kubeconfig_of(DEPLOYER, role, stack.platform.kubeconfig, cluster.client)
    )
    return found


@pytest.fixture(scope="module")
def story(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("kubelet")
    stack = scene.stack
    # Longer than the 7 seconds that every provider waits: what waits here is waitSeconds.
    with ServerPod(scene.cluster.client, SPACE, folder, scene.port, idle_seconds=15) as kubelet:
        preview = stack.preview()
        first = stack.up("-v=8", "--logtostderr")
        root, pods, users = scene.root(), scene.pods(), scene.store().users(NAME)
        rendered, verified = scene.rendered(), scene.verify()
        export, decrypted = stack.export(), stack.export("--show-secrets")
        place = ("--stack", stack.name)
        outputs = stack.runner.run("stack", "output", "--json", *place, capture=True).stdout
        again = stack.up("--expect-no-changes")
        refreshed = stack.refresh()
        same_root, same_pods = scene.root(), scene.pods()
        scene.configure("a")
        removed = stack.up()
        store = scene.store()
        yield Story(
            scene=scene,
            preview=preview,
            first=first,
            root=root,
            pods=pods,
            users=users,
            rendered=rendered,
            verified=verified,
            export=export,
            decrypted=decrypted,
            outputs=outputs,
            again=again,
            refreshed=refreshed,
            same_root=same_root,
            same_pods=same_pods,
            removed=removed,
            left_users=store.users(NAME),
            left_policies=store.policies(NAME),
            runs=kubelet.started,
        )


def test_the_first_preview_shows_the_server_before_anything_stands(story: Story):
    said = story.preview.said
    assert f"create Release {SPACE}/minio" in said
    assert f"create Credentials {SPACE}/minio" in said
    assert "create User helm-a/default/1" in said


def test_one_up_makes_the_server_and_what_lies_on_it(story: Story):
    assert len(story.runs) >= 1
    assert {user.split(".")[1] for user in story.users} == {"helm-a", "helm-b"}
    assert story.first.numbers["kubernetes:helm.sh/v3:Release"] == 1
    assert story.root["rootUser"].startswith("root.")
    assert len(story.root["rootPassword"]) == 40


def test_verify_finds_everything_as_expected(story: Story):
    assert story.verified.returncode == 0, story.verified.stdout + story.verified.stderr
    report = json.loads(story.verified.stdout)
    rows = report["rows"]
    assert len(rows) > 20
    assert report["leftBehind"] == []
    assert not any("provisioning credential" in note for note in report["notes"])
    assert {row["result"] for row in rows} <= {"ok", "not applicable"}


def test_a_second_up_changes_nothing_neither_password_nor_pods(story: Story):
    assert story.again.steps == []
    assert story.refreshed.steps == []
    assert story.same_root == story.root
    assert story.same_pods == story.pods
    assert len(story.pods) == 1


def test_a_removed_tenants_users_and_policies_really_go(story: Story):
    assert {step.op for step in story.removed.steps if step.kind in {"User", "Policy"}} == {
        "delete"
    }
    assert {user.split(".")[1] for user in story.left_users} == {"helm-a"}
    assert {policy.split(".")[1] for policy in story.left_policies} == {"helm-a"}
    assert story.runs == story.pods


def test_the_chart_makes_the_server_alone(story: Story):
    kinds = sorted(one["kind"] for one in story.rendered)
    assert kinds == [
        "ConfigMap",
        "Deployment",
        "PersistentVolumeClaim",
        "Service",
        "Service",
        "ServiceAccount",
    ]
    client = story.scene.cluster.client
    for service in client.list(Service, namespace=SPACE):
        assert service.spec.type == "ClusterIP"
    deployment = client.get(Deployment, "minio", namespace=SPACE)
    (container,) = deployment.spec.template.spec.containers
    environment = {variable.name: variable.value for variable in container.env}
    assert environment["MINIO_BROWSER"] == "off"
    assert "MINIO_PROMETHEUS_AUTH_TYPE" not in environment
    assert container.image == "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
    assert container.securityContext.allowPrivilegeEscalation is False
    assert deployment.spec.template.spec.securityContext.runAsNonRoot is True
    assert deployment.spec.strategy.type == "Recreate"
    assert container.resources.requests == {"memory": "512Mi"}


def test_the_server_is_closed_before_it_runs_and_its_volume_is_kept(story: Story):
    client = story.scene.cluster.client
    policy = client.get(NetworkPolicy, "minio", namespace=SPACE)
    pod = client.list(Pod, namespace=SPACE)
    assert policy.spec.podSelector.matchLabels.items() <= next(iter(pod)).metadata.labels.items()
    deployment = client.get(Deployment, "minio", namespace=SPACE)
    assert policy.metadata.creationTimestamp <= deployment.metadata.creationTimestamp
    claim = client.get(PersistentVolumeClaim, "minio", namespace=SPACE)
    assert claim.metadata.annotations["helm.sh/resource-policy"] == "keep"


@pytest.mark.parametrize(
    "place", ["preview", "first", "events", "again", "removed", "export", "outputs", "rendered"]
)
def test_the_generated_password_stands_in_no(story: Story, place: str):
    password = story.root["rootPassword"]
    assert any(form in story.decrypted for form in forms(password))
    texts = {
        "preview": story.preview.text,
        "first": story.first.text,
        "events": json.dumps(story.first.events),
        "again": story.again.text,
        "removed": story.removed.text,
        "export": story.export,
        "outputs": story.outputs,
        "rendered": json.dumps(story.rendered),
    }
    assert not any(form in texts[place] for form in forms(password))


def test_other_drives_are_refused_in_the_preview(story: Story):
    scene = story.scene
    scene.configure("a", distributed={})
    refused = scene.stack.preview(fails=True)
    scene.configure("a")
    (line,) = [line for line in refused.errors if "Release" in line]
    assert line.endswith(
        f" failed: Release {SPACE}/minio: mode would change from standalone to distributed, the"
        " same is accepted (what is stored would stay behind); install another server in another"
        " namespace beside it"
    )


def test_the_deployer_needs_no_more_than_the_printed_rights(story: Story):
    """Every step ran with them; here it is seen that they are no admin's."""
    config = KubeConfig.from_file(story.scene.kubeconfig).get()
    client = Client(config=config, trust_env=False)
    with pytest.raises(ApiError, match="forbidden"):
        list(client.list(Pod, namespace=SPACE))


@pytest.fixture(scope="module")
def destroyed(story: Story) -> Outcome:
    return story.scene.stack.destroy()


def test_a_destroy_ends_the_server_last_and_keeps_namespace_and_volume(
    story: Story, destroyed: Outcome
):
    client = story.scene.cluster.client
    assert f"delete Release {SPACE}/minio" in destroyed.said
    assert list(client.list(Deployment, namespace=SPACE)) == []
    assert story.scene.cluster.get("Secret", f"{SPACE}/minio-root") is None
    assert [c.metadata.name for c in client.list(PersistentVolumeClaim, namespace=SPACE)] == [
        "minio"
    ]
    assert story.scene.cluster.stands("Namespace", SPACE)


def test_a_release_of_others_is_refused_in_the_preview(story: Story, destroyed: Outcome):
    assert destroyed
    scene = story.scene
    scene.cluster.make(
        "Secret",
        f"{SPACE}/sh.helm.release.v1.minio.v1",
        type="helm.sh/release.v1",
        metadata={"labels": {"owner": "helm", "name": "minio"}},
    )
    scene.configure()
    refused = scene.stack.preview(fails=True)
    (line,) = [line for line in refused.errors if "Release" in line]
    assert line.endswith(
        f" failed: Release {SPACE}/minio: exists already, no release of that name is accepted;"
        f" choose another one, or where it is yours `helm uninstall minio -n {SPACE}`"
    )
