"""Every stack file of AWS in the real engine, and then as each of its identities."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from lightkube.models.core_v1 import NodeStatus
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Node

from tests.argo.probe import Probe
from tests.engine.aws_acting import Place, allowed, judged, may_assume
from tests.engine.aws_stack import (
    SECRET,
    UNKNOWN,
    AwsStack,
    adapted,
    identities,
    prepare,
    short,
    stack_names,
)
from tests.engine.moto_server import ACCOUNT, OTHER_ACCOUNT
from tools.programs import find_or_build

if TYPE_CHECKING:
    from collections.abc import Iterator

STACKS = stack_names()


def only(*names: str) -> pytest.MarkDecorator:
    """Take these stacks alone."""
    chosen = [name for name in STACKS if name in names]  # the same objects: pytest asks for `is`
    assert len(chosen) == len(names)
    return pytest.mark.parametrize("made", chosen, indirect=True)


@pytest.fixture(scope="module")
def _machine(cluster) -> Iterator[None]:
    """A machine of kwok's, on which the refresher's first Job succeeds without having run."""
    meta = ObjectMeta(name="aws-stacks", annotations={"kwok.x-k8s.io/node": "fake"})
    room = {"cpu": "32", "memory": "64Gi", "pods": "110"}
    cluster.client.create(Node(metadata=meta, status=NodeStatus(allocatable=room, capacity=room)))
    yield
    cluster.client.delete(Node, "aws-stacks")


@pytest.fixture(scope="module", params=STACKS)
def made(request, aws_platform, engine_folder, vault, _machine) -> AwsStack:
    """A stack after its first ``up``."""
    file, moto = request.param, aws_platform.moto
    stack = aws_platform.stack(short(file), folder=engine_folder, vault=vault)
    config = adapted(stack, file)
    prepare(moto, stack, config)
    stack.configure(**config)
    digest = json.loads(stack.preview_json())
    stack.up()
    return AwsStack(file, stack, aws_platform, config, digest)


ROLES = {"Role", "RolePolicy", "BucketPolicy"}
SHOWN = {
    "aws-access-grants": ROLES,
    "aws-access-keys": {"UserPolicy", "BucketPolicy"},
    "aws-assume-role": ROLES,
    "aws-assume-role-session": ROLES,
    "aws-irsa": {*ROLES, "Key"},
    "aws-node": set(),
    "aws-pod-identity": ROLES,
    "aws-pod-identity-per-tenant": ROLES,
}
"""Kinds of resources of AWS that carry a document; every stack has Argo's entries beside them."""


def test_every_document_can_be_read_in_the_first_preview(made: AwsStack):
    found = made.previewed()
    types = {token for token, _ in found}
    assert {t.rpartition(":")[2] for t in types if t.startswith("aws:")} == SHOWN[made.file]
    assert "kubernetes:core/v1:ConfigMap" in types
    for place, value in found.items():
        text = json.dumps(value)
        assert UNKNOWN not in text, place
        assert SECRET not in text, place


def test_the_first_preview_shows_what_documents_prints(made: AwsStack):
    texts = {place: v for place, v in made.previewed().items() if place[0].startswith("aws:")}
    assert {place: json.loads(str(text)) for place, text in texts.items()} == made.documents


def test_what_stands_is_what_documents_prints(made: AwsStack):
    assert made.live() == made.documents


@only("aws-access-grants", "aws-irsa")  # of access keys, see the end
def test_a_second_up_changes_nothing(made: AwsStack):
    assert made.stack.up().said == []


VERBS = {
    "executor": ("read", "write"),
    "collector": ("delete",),
    "server": ("read",),
    "entry": ("read", "write"),
    "location": ("read", "write"),
    "grantee": (),
}
COLLECTS = ("entry", "location")
"""Who deletes too, where garbage is collected: the actors share what an entry carries."""

NOT_ON_S3 = {"aws-assume-role": {"executor", "collector", "server"}}
"""Identities that only assume another role."""

NOT_JUDGED = {
    "aws-node": "nothing is granted to anybody",
    "aws-pod-identity": "its policies name prefixes by session tags, which moto takes literally",
}


def test_each_identity_reaches_its_own_objects_and_nothing_else(made: AwsStack, cluster):
    if made.file in NOT_JUDGED:
        aws = made.plan.aws
        written = json.dumps(list(made.documents.values()))
        assert "${aws:PrincipalTag/" in written or aws is None or not aws.roles
        return
    who = identities(made, cluster)
    other = f"{made.stack.name}-others"
    made.on.moto.client("s3").create_bucket(
        Bucket=other, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    places = {
        "team-a": made.place("team-a"),
        "team-b": made.place("team-b"),
        "a neighbour": Place(made.place("team-a").bucket, "prod-us/team-a/"),
        "uploads": Place(made.place("team-a").bucket, "uploads/"),
        "another bucket": Place(other, made.place("team-a").prefix),
    }
    with judged(made.on.moto, made.managed, places):
        found = {one.name: allowed(made.on.moto, one.keys, places) for one in who}
    assert found == {one.name: expected(made, one.purpose, one.tenants) for one in who}
    assert any(found.values())


def expected(made: AwsStack, purpose: str, tenants: tuple[str, ...]) -> set[str]:
    """What an identity may do, by its purpose and whose artifacts it reaches."""
    if purpose in NOT_ON_S3.get(made.file, ()):
        return set()
    found = {
        f"{verb} {tenant}"
        for tenant in ("team-a", "team-b")
        for verb in VERBS[purpose]
        if made.stack.space(tenant) in tenants
    }
    if purpose in COLLECTS and made.stack.space("team-a") in tenants:
        found.add("delete team-a")
    return found


def test_nobody_assumes_a_role_but_pods_that_of_their_own_entry(made: AwsStack):
    roles = made.plan.aws.roles if made.plan.aws else ()
    admins = {role.account: made.on.moto.admin(role.account) for role in roles}
    keys = {role.arn: made.on.moto.assume(role.arn, admins[role.account]) for role in roles}
    with made.on.moto.enforcing():
        found = {
            (one.name, other.name)
            for one in roles
            for other in roles
            if may_assume(made.on.moto, keys[one.arn], other.arn)
        }
    entries = {role.tenants: role for role in roles if role.purpose == "entry"}
    by_pods = made.file == "aws-assume-role"
    own = {"executor", "collector", "server"}
    assert found == {
        (role.name, entry.name)
        for role in roles
        for tenants, entry in entries.items()
        if by_pods and role.purpose in own and set(tenants) <= set(role.tenants)
    }


@only("aws-access-keys")
def test_argos_own_driver_takes_the_keys_of_the_secret(made: AwsStack, cluster):
    program = find_or_build(["argo-probe"])["argo-probe"]
    probe = Probe(program, made.stack.platform.kubeconfig, made.stack.space("argo"))
    space = made.stack.space("team-a")
    entry = yaml.safe_load(cluster.data("ConfigMap", f"{space}/artifact-repositories")["default"])
    entry["s3"] |= {"endpoint": f"127.0.0.1:{made.on.moto.port}", "insecure": True}
    cluster.make("ConfigMap", f"{space}/on-moto", data={"default": yaml.safe_dump(entry)})
    on_moto = ("--config-map", "on-moto", "--key", "default")
    neighbour = ("--object-key", made.place("team-b").prefix)
    with judged(made.on.moto, made.managed, {}):
        mine = probe.ask("store", space, *on_moto, "--actions", "save-file,load,delete")
        theirs = probe.ask(
            "store", space, *on_moto, *neighbour, "--actions", "save-file,load,delete"
        )
    assert [one.get("error") for one in mine["results"]] == [None] * 3
    assert mine["prefix"].startswith(made.place("team-a").prefix)
    assert [one["error"].rstrip(".") for one in theirs["results"]] == [
        "failed to put file: Access Denied",
        "failed to get file: Access Denied",
        "Access Denied",
    ]


@only("aws-access-keys")
def test_no_key_stands_in_the_state_in_clear(made: AwsStack, cluster):
    state = made.stack.export()
    found = [one for one in identities(made, cluster) if one.purpose == "entry"]
    assert found
    for one in found:
        assert one.keys.access_key in state  # an id is none
        assert one.keys.secret_key not in state


@only("aws-irsa")
def test_a_bucket_and_a_key_outlive_a_destroy(made: AwsStack):
    (bucket,) = made.managed
    refused = made.stack.destroy(fails=True)
    kept = (f"Bucket::{bucket}", "Key::alias/argo-artifacts@eu-west-1")
    said = refused.errors[0]  # the engine names the first that it comes to
    assert "cannot be deleted" in said
    assert any(name in said for name in kept)
    (key,) = [place for place in made.documents if place[0].endswith(":Key")]
    assert made.standing(*key) == made.documents[key]
    assert made.on.moto.client("s3").head_bucket(Bucket=bucket)


@only("aws-access-keys")
def test_a_bucket_and_its_objects_go_when_the_file_gives_them_up(made: AwsStack):
    (bucket,) = made.managed
    config = adapted(made.stack, made.file, protect=False, forceDestroy=True)
    made.stack.configure(**config)
    assert made.stack.up().said == [f"update Bucket {bucket}"]
    s3, iam = made.on.moto.client("s3"), made.on.moto.client("iam")
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] > 0
    made.stack.destroy()
    assert bucket not in {found["Name"] for found in s3.list_buckets()["Buckets"]}
    users = {found["UserName"] for found in iam.list_users()["Users"]}
    assert not {name for name in users if name.startswith(f"{made.stack.name}.")}


def test_another_account_is_refused_before_anything(aws_platform, engine_folder, vault):
    stack = aws_platform.stack(
        "aws-elsewhere", folder=engine_folder, vault=vault, account=OTHER_ACCOUNT
    )
    stack.configure(**adapted(stack, "aws-access-keys"))
    refused = stack.up(fails=True)
    line = f"argo-artifacts:aws.account: logged in to '{OTHER_ACCOUNT}', '{ACCOUNT}' is accepted"
    said = [error for error in refused.errors if error.startswith("argo-artifacts:")]
    assert said == [f"{line}; log in there"]
    assert refused.said == []
    moto = aws_platform.moto
    there = moto.client("s3", moto.admin(OTHER_ACCOUNT)).list_buckets()["Buckets"]
    assert there == []
