"""The refresher's own code: its token before STS, its Secret on the API server.

API server, tokens, RBAC and Secret are real, the sessions are moto's; the door before moto
(:mod:`tests.engine.sts_door`) proves tokens as AWS does.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import yaml
from botocore.stub import Stubber
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Secret, ServiceAccountToken
from lightkube.types import PatchType

from argo_artifacts.access.refreshers import refreshers
from argo_artifacts.documents.aws.trust import trust
from argo_artifacts.documents.kubernetes import rules
from argo_artifacts.refresher import command, sessions
from argo_artifacts.refresher.task import API, EXPIRES, TOKEN, Data, arguments
from tests.engine.moto_server import Keys
from tests.engine.sts_door import Refusal, StsDoor
from tests.engine.test_rbac import may, rows
from tests.unit.aws_stacks import AWS, on_aws, store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from argo_artifacts.refresher.task import Task
    from tests.engine.live import LiveCluster
    from tests.engine.moto_server import MotoServer
    from tools.local_platform.platform import LocalPlatform

SPACE, ARGO = "fresh-a", "fresh-argo"
NAME = "argo-artifacts-default"
KEYS = ("accessKey", "secretKey", "sessionToken")
OLD = {"accessKey": "ASIAOLD", "secretKey": "old-secret", "sessionToken": "old-token"}
OLD_END = "2026-01-01T00:00:00Z"


@dataclass
class Scene:
    """One tenant's refresher as the stack would make it, and the door that it knocks at."""

    cluster: LiveCluster
    door: StsDoor
    task: Task
    account: str
    """Name of its service account."""

    folder: Path
    """What its pod mounts."""

    def token(self, audience: str | None, account: str | None = None, seconds: int = 3600) -> str:
        spec = TokenRequestSpec(audiences=[audience] if audience else [], expirationSeconds=seconds)
        request = ServiceAccountToken(metadata=ObjectMeta(namespace=ARGO), spec=spec)
        name = account or self.account
        return self.cluster.client.create(request, name, namespace=ARGO).status.token

    def show(self, token: str) -> None:
        (self.folder / TOKEN).write_text(token)

    def run(self, task: Task | None = None, pauses: list[float] | None = None) -> int:
        waited = pauses if pauses is not None else []
        given = [*arguments(task or self.task), "--folder", str(self.folder)]
        return command.main(given, sleep=waited.append)

    def held(self) -> dict[str, str]:
        return self.cluster.data("Secret", f"{SPACE}/{NAME}")

    def ends(self) -> str:
        return self.cluster.annotations("Secret", f"{SPACE}/{NAME}").get(EXPIRES, "")

    def hold(self, data: dict[str, str], end: str | None) -> None:
        """Let the Secret hold *data* until *end*."""
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
        patch = {"metadata": {"annotations": {EXPIRES: end}}, "data": encoded or None}
        self.cluster.client.patch(Secret, NAME, patch, namespace=SPACE, patch_type=PatchType.MERGE)


@pytest.fixture(scope="module")
def whole(
    platform: LocalPlatform,
    cluster: LiveCluster,
    moto: MotoServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    issuer = json.loads(platform.cluster.ask("/.well-known/openid-configuration"))["issuer"]
    _, access = made = on_aws(
        {"default": store("assumeRole", assumeRole={"by": "refresher"})},
        cluster={"name": "fresh", "kubeconfig": "x", "oidc": {"issuer": issuer}},
        argo={"version": "4.0.5", "namespace": ARGO},
        tenants={SPACE: {}, "fresh-b": {}},
    )
    for space in (ARGO, SPACE, "fresh-b"):
        cluster.make("Namespace", space)
    for role in access.roles:
        if role.purpose == "refresher":
            make_role(cluster, role)
    cluster.make("ServiceAccount", f"{ARGO}/another")
    for place in (f"{SPACE}/{NAME}", f"{SPACE}/another", f"fresh-b/{NAME}"):
        cluster.make("Secret", place)
    (made_for, _) = refreshers(*made)
    assert made_for.tenant == SPACE
    folder = tmp_path_factory.mktemp("refresh")
    (folder / API).mkdir()
    (folder / TOKEN).parent.mkdir()
    (folder / API / "ca.crt").write_bytes(authority(platform.kubeconfig))
    (folder / API / "namespace").write_text(ARGO)
    host, _, port = platform.api_server.removeprefix("https://").partition(":")
    door = StsDoor(
        behind=moto.endpoint,
        keys=platform.cluster.ask("/openid/v1/jwks"),
        provider=issuer.removeprefix("https://"),
        trusts={role.arn: trust(made[0], role) for role in access.aws.roles},
    )
    with door, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBERNETES_SERVICE_HOST", host)
        patch.setenv("KUBERNETES_SERVICE_PORT", port)
        patch.setenv("AWS_ENDPOINT_URL_STS", door.url)
        scene = Scene(cluster, door, made_for.task, made_for.name, folder)
        (folder / API / "token").write_text(scene.token(None))
        yield scene


def authority(kubeconfig: Path) -> bytes:
    """The API server's CA, as a pod has it in the ConfigMap kube-root-ca.crt."""
    (one,) = yaml.safe_load(kubeconfig.read_text())["clusters"]
    file = one["cluster"].get("certificate-authority")
    if file is not None:
        return (kubeconfig.parent / file).read_bytes()
    return base64.b64decode(one["cluster"]["certificate-authority-data"])


def make_role(cluster: LiveCluster, role) -> None:
    """Role, RoleBinding and service account as the stack makes them."""
    (subject,) = role.subjects
    cluster.make("ServiceAccount", f"{subject.namespace}/{subject.name}")
    place = f"{role.namespace}/{role.name}"
    cluster.make("Role", place, rules=list(rules(role)))
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role.name}
    bound = {"kind": "ServiceAccount", "namespace": subject.namespace, "name": subject.name}
    cluster.make("RoleBinding", place, roleRef=reference, subjects=[bound])


@pytest.fixture
def scene(whole: Scene) -> Scene:
    """The scene with a good token, an open door and a Secret that holds nothing."""
    whole.show(whole.token("sts.amazonaws.com"))
    whole.hold({}, None)
    whole.door.refusal = None
    whole.door.shown.clear()
    whole.door.asked.clear()
    return whole


def test_a_fresh_secret_holds_a_session_of_the_role(scene: Scene, moto: MotoServer, capsys):
    assert scene.held() == {}
    assert scene.run() == 0
    held = scene.held()
    assert set(held) == set(KEYS)
    assert all(text and text == text.strip() for text in held.values())
    acting = moto.client("sts", Keys(*(held[key] for key in KEYS))).get_caller_identity()
    role = scene.task.role.rpartition("/")[2]
    assert acting["Arn"] == (f"arn:aws:sts::{AWS['account']}:assumed-role/{role}/{scene.account}")
    said = capsys.readouterr()
    assert said.out == (
        f"Secret {SPACE}/{NAME}: refreshed by {scene.task.role}, until {scene.ends()}\n"
    )
    assert said.err == ""


def test_each_run_is_another_session_and_the_whole_secret_is_of_one(scene: Scene):
    assert (scene.run(), first := scene.held()) == (0, first)
    assert (scene.run(), second := scene.held()) == (0, second)
    assert all(first[key] != second[key] for key in KEYS)


def test_sts_is_asked_for_the_role_of_the_entry_with_nothing_but_the_pods_token(scene: Scene):
    assert scene.run(replace(scene.task, seconds=7200)) == 0
    (asked,) = scene.door.asked
    assert asked["RoleArn"] == scene.task.role
    assert (asked["DurationSeconds"], asked["RoleSessionName"]) == ("7200", scene.account)
    (shown,) = scene.door.shown
    assert shown == (scene.folder / TOKEN).read_text()


def said_of(scene: Scene, capsys) -> str:
    """What a failing run says between the role and what the Secret keeps."""
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    before, after = f"STS eu-west-1 role {scene.task.role}: ", "; tried 5 times, the Secret keeps"
    assert line.startswith(before)
    assert line.endswith(f"{after} what ends {OLD_END}")
    return line.removeprefix(before).rpartition(after)[0]


def issuer_of(scene: Scene) -> str:
    return f"https://{scene.door.provider}"


def test_a_failing_sts_leaves_the_old_credentials_and_says_why(scene: Scene, capsys):
    scene.hold(OLD, OLD_END)
    scene.door.refusal = Refusal("Throttling", "Rate exceeded")
    pauses: list[float] = []
    assert scene.run(pauses=pauses) == 1
    assert said_of(scene, capsys) == "answers Throttling (Rate exceeded), credentials are needed"
    assert (scene.held(), scene.ends()) == (OLD, OLD_END)
    assert (len(scene.door.shown), pauses) == (5, [2, 4, 8, 16])


def test_a_token_of_another_service_account_is_refused_by_the_trust(scene: Scene, capsys):
    scene.hold(OLD, OLD_END)
    scene.show(scene.token("sts.amazonaws.com", "another"))
    assert scene.run() == 1
    assert said_of(scene, capsys) == (
        f"its trust does not let system:serviceaccount:{ARGO}:another in, or there is no such"
        " role; a role that names this service account and the audience sts.amazonaws.com is"
        " needed; run `pulumi up --refresh`"
    )
    assert scene.held() == OLD


def test_a_token_for_the_api_server_is_none_for_sts(scene: Scene, capsys):
    scene.hold(OLD, OLD_END)
    scene.show(scene.token(None))
    assert scene.run() == 1
    assert said_of(scene, capsys) == (
        f"the OIDC provider of {issuer_of(scene)} does not know the token's audience,"
        " sts.amazonaws.com is needed among its client ids"
    )


def test_a_token_of_another_issuer_finds_no_provider(scene: Scene, capsys, monkeypatch):
    scene.hold(OLD, OLD_END)
    monkeypatch.setattr(scene.door, "provider", "oidc.example.com")
    issuer = json.loads(base64.urlsafe_b64decode(f"{scene.token(None).split('.')[1]}==="))["iss"]
    assert scene.run() == 1
    assert f"has no OIDC provider of the token's issuer {issuer}, " in said_of(scene, capsys)


def test_a_token_that_has_ended_asks_for_the_right_time(scene: Scene, capsys, monkeypatch):
    scene.hold(OLD, OLD_END)
    monkeypatch.setattr("tests.engine.sts_door.time.time", lambda: 4102444800.0)
    assert scene.run() == 1
    assert said_of(scene, capsys) == (
        "the pod's token has expired, a valid one is needed; the kubelet renews it, so set the"
        " node's clock by NTP"
    )


def test_without_a_way_to_sts_the_old_credentials_stay(
    scene: Scene, capsys, monkeypatch, closed_port: int
):
    scene.hold(OLD, OLD_END)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{closed_port}")
    assert scene.run() == 1
    assert said_of(scene, capsys) == (
        "cannot be reached (EndpointConnectionError), an answer is needed; let pods of this"
        " namespace reach it by https"
    )
    assert scene.held() == OLD


def test_a_role_that_is_not_known_everywhere_yet_is_waited_for(scene: Scene, capsys):
    """IAM is eventually consistent: the first Job comes seconds after its role."""
    known = dict(scene.door.trusts)
    scene.door.trusts.clear()
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            scene.door.trusts.update(known)

    assert command.main([*arguments(scene.task), "--folder", str(scene.folder)], sleep) == 0
    assert pauses == [2, 4, 8]
    assert capsys.readouterr().err == ""


def test_an_empty_secret_is_said_to_be_empty(scene: Scene, capsys):
    scene.door.refusal = Refusal("Throttling", "Rate exceeded")
    assert scene.run() == 1
    assert capsys.readouterr().err.endswith("; tried 5 times, the Secret holds no credentials\n")
    assert scene.held() == {}


@pytest.mark.parametrize("place", [f"{SPACE}/another", f"fresh-b/{NAME}"])
def test_another_secret_is_out_of_reach_and_sts_is_not_asked(scene: Scene, capsys, place: str):
    space, _, name = place.partition("/")
    secret = replace(scene.task.secret, namespace=space, name=name)
    assert scene.run(replace(scene.task, secret=secret)) == 1
    assert (
        f"Secret {place}: the API server does not let the pod in, get and patch of this Secret are"
        " needed; run `pulumi up`"
    ) in capsys.readouterr().err
    assert scene.door.shown == []


def test_a_secret_that_is_gone_is_not_made(scene: Scene, capsys):
    """It has no right to create one: Pulumi makes it, marked as ours."""
    scene.cluster.remove("Secret", f"{SPACE}/{NAME}")
    try:
        assert scene.run() == 1
        assert capsys.readouterr().err == (
            f"Secret {SPACE}/{NAME}: the API server has no such Secret, the one that the stack"
            " makes is needed; run `pulumi up --refresh`; tried 5 times, the Secret holds no"
            " credentials\n"
        )
        assert not scene.cluster.stands("Secret", f"{SPACE}/{NAME}")
    finally:
        scene.cluster.make("Secret", f"{SPACE}/{NAME}")


def test_no_secret_stands_in_what_it_says(scene: Scene, capsys, monkeypatch):
    """Neither of what it gets nor of what it shows, in each ending that it knows."""
    assert scene.run() == 0
    secrets = {*scene.held().values(), *scene.door.shown}
    secrets.add((scene.folder / API / "token").read_text())
    for refusal in (Refusal("New", f"the token {scene.door.shown[0]} is bad"), None):
        scene.door.refusal = refusal
        scene.run()
        secrets |= {*scene.held().values()}
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    scene.run()
    said = capsys.readouterr()
    assert len(secrets) == 8
    for secret in secrets:
        assert secret not in said.out + said.err


def test_what_stands_in_memory_is_not_shown_in_a_traceback():
    text = repr(sessions.Session(access_key="a1", secret_key="s1", token="t1", expires=None))
    assert not any(secret in text for secret in ("a1", "s1", "t1"))


ALLOWED = """
get    fresh-a  core:secrets argo-artifacts-default
patch  fresh-a  core:secrets argo-artifacts-default
"""

BEYOND = """
list        fresh-a     core:secrets
list        fresh-a     core:secrets argo-artifacts-default
watch       fresh-a     core:secrets argo-artifacts-default
create      fresh-a     core:secrets
create      fresh-a     core:secrets argo-artifacts-default
update      fresh-a     core:secrets argo-artifacts-default
delete      fresh-a     core:secrets argo-artifacts-default
deletecollection fresh-a core:secrets
get         fresh-a     core:secrets another
patch       fresh-a     core:secrets another
get         fresh-b     core:secrets argo-artifacts-default
patch       fresh-b     core:secrets argo-artifacts-default
get         fresh-argo  core:secrets argo-artifacts-default
list        fresh-argo  core:secrets
get         *           core:secrets argo-artifacts-default
list        *           core:secrets
get         fresh-a     core:configmaps artifact-repositories
patch       fresh-a     core:configmaps artifact-repositories
get         fresh-a     core:pods
create      fresh-a     core:pods
create      fresh-argo  core:pods
create      fresh-argo  core:serviceaccounts/token another
impersonate fresh-argo  core:serviceaccounts another
patch       fresh-a     rbac:roles argo-refresh-default
bind        fresh-a     rbac:roles argo-refresh-default
create      fresh-a     rbac:rolebindings
get         *           core:namespaces
"""


@pytest.mark.parametrize("row", rows(ALLOWED))
def test_it_may_get_and_patch_its_one_secret(scene: Scene, row: str):
    assert may(scene.cluster, f"{ARGO}/{scene.account} {row}")


@pytest.mark.parametrize("row", rows(BEYOND))
def test_it_may_do_nothing_else(scene: Scene, row: str):
    assert not may(scene.cluster, f"{ARGO}/{scene.account} {row}")


GRANT = Data(target="s3://artifacts/fresh/fresh-a/*", permission="READWRITE")
GIVEN = {
    "AccessKeyId": "ASIAGRANT",
    "SecretAccessKey": "grant-secret",
    "SessionToken": "grant-token",
    "Expiration": datetime(2026, 11, 28, 20, 30, tzinfo=UTC),
}


@dataclass
class Granting:
    """S3 Access Grants by botocore's Stubber, which proves question and answer by its model."""

    stub: Stubber | None = None
    keys: list[str] = field(default_factory=list)
    """Access keys that asked."""

    answers: dict = field(default_factory=dict)
    code: str = ""

    def client(self, task: Task, session: sessions.Session):
        if self.stub is None:  # making a client takes longer than all the rest
            self.stub = Stubber(ASKING(task, session))
            self.stub.activate()
        self.keys.append(session.access_key)
        asked = {
            "AccountId": AWS["account"],
            "Target": GRANT.target,
            "Permission": "READWRITE",
            "DurationSeconds": 7200,
            "Privilege": "Default",
        }
        if self.code:
            self.stub.add_client_error("get_data_access", self.code, expected_params=asked)
        else:
            self.stub.add_response("get_data_access", self.answers, asked)
        return self.stub.client


ASKING = sessions._s3_control


@pytest.fixture
def granting(monkeypatch: pytest.MonkeyPatch) -> Granting:
    found = Granting(answers={"Credentials": GIVEN, "MatchedGrantTarget": GRANT.target})
    monkeypatch.setattr(sessions, "_s3_control", found.client)
    return found


def test_a_grants_credentials_are_asked_for_by_its_role_by_a_stub_for_what_moto_lacks(
    scene: Scene, granting: Granting
):
    """moto has no GetDataAccess: that one call is botocore's Stubber, all else is real."""
    assert scene.run(replace(scene.task, seconds=7200, data=GRANT)) == 0
    assert scene.held() == {
        "accessKey": "ASIAGRANT",
        "secretKey": "grant-secret",
        "sessionToken": "grant-token",
    }
    assert scene.ends() == "2026-11-28T20:30:00Z"
    (asked,) = scene.door.asked
    assert (asked["RoleArn"], asked["DurationSeconds"]) == (scene.task.role, "900")
    (key,) = granting.keys
    assert key.startswith("ASIA")
    assert key != "ASIAGRANT"


def test_a_grant_that_is_refused_leaves_the_old_credentials_by_a_stub_for_what_moto_lacks(
    scene: Scene, capsys, granting: Granting
):
    scene.hold(OLD, OLD_END)
    granting.code = "AccessDenied"
    assert scene.run(replace(scene.task, seconds=7200, data=GRANT)) == 1
    assert capsys.readouterr().err == (
        f"S3 Access Grants eu-west-1 {GRANT.target}: no grant lets {scene.task.role} have"
        " READWRITE there, one is needed; run `pulumi up --refresh`; tried 5 times, the Secret"
        f" keeps what ends {OLD_END}\n"
    )
    assert scene.held() == OLD


def test_an_answer_without_credentials_is_none_by_a_stub_for_what_moto_lacks(
    scene: Scene, capsys, granting: Granting
):
    scene.hold(OLD, OLD_END)
    granting.answers = {"Credentials": {"AccessKeyId": "ASIAGRANT"}}
    assert scene.run(replace(scene.task, seconds=7200, data=GRANT)) == 1
    assert "answers without credentials" in capsys.readouterr().err
    assert scene.held() == OLD
