"""Verify of identity irsa: tokens of a real API server, trust at the door, S3 by a MinIO server."""

import copy

import pytest
from lightkube.resources.core_v1 import ServiceAccount

from argo_artifacts.verify.causes import ROLE_ANNOTATION
from argo_artifacts.verify.kubernetes import LiveReader
from tests.argo.aws_door import AwsDoor
from tests.argo.verify_on_aws import AwsWorld, issuer_of, results, write
from tests.argo.verify_servers import failed, root_s3, rows_of
from tests.engine.live import LiveCluster
from tests.engine.minio_server import running
from tests.unit.aws_stacks import on_aws, store

ARGO, A, B = "irsa-argo", "irsa-a", "irsa-b"
BUCKETS = ("artifacts", "models")


@pytest.fixture(scope="module")
def world(platform, tmp_path_factory):
    settings, plan = on_aws(
        {
            "default": store("irsa"),
            "models": {
                "s3": {"bucket": {"name": "models"}, "region": "eu-west-1", "identity": "irsa"}
            },
        },
        cluster={
            "name": "prod",
            "kubeconfig": str(platform.kubeconfig),
            "oidc": {"issuer": issuer_of(platform)},
        },
        argo={"version": "4.1.0", "namespace": ARGO, "server": {"uploads": True}},
        tenants={
            A: {"repositories": ["default"]},
            B: {
                "serviceAccounts": ["etl", "ml"],
                "artifactGC": False,
                "repositories": ["default", "models"],
            },
        },
    )
    write(LiveCluster(platform.kubeconfig), settings, plan)
    keys = platform.cluster.ask("/openid/v1/jwks")
    patch = pytest.MonkeyPatch()
    with running(tmp_path_factory.mktemp("minio")) as server:
        for bucket in BUCKETS:
            root_s3(server).create_bucket(Bucket=bucket)
        with AwsDoor(server, settings, plan, keys) as door, patch.context() as variables:
            variables.setenv("AWS_ENDPOINT_URL", door.url)
            variables.setenv("AWS_ENDPOINT_URL_S3", f"http://{server.endpoint}")
            yield AwsWorld(door, settings, plan, LiveReader(settings.cluster))


def plus(document, **statement):
    """*document* with one more statement that allows."""
    return document | {"Statement": [*document["Statement"], {"Effect": "Allow"} | statement]}


def trusting(document, subject):
    """A trust that names one more service account."""
    wider = copy.deepcopy(document)
    (asked,) = (s["Condition"]["StringEquals"] for s in wider["Statement"])
    next(v for k, v in asked.items() if k.endswith(":sub")).append(subject)
    return wider


WORKFLOW = f"{A}/default as {A}/workflow"


def test_every_service_account_may_what_the_plan_says_and_nothing_else(world):
    report = world.verify()
    assert rows_of(report, "failed") == rows_of(report, "not checked") == []
    idle = {row.expectation.check for row in report.rows if row.result == "not applicable"}
    assert idle == {"delete version"}  # the buckets keep none
    assert results(report)["ok"] == 361
    assert report.causes == report.notes == ()
    steps = [
        (row.expectation.check, row.expectation.target, row.found)
        for row in report.rows
        if str(row.expectation.holder) == WORKFLOW
        and row.expectation.group in ("identity", "aws account")
    ]
    own = f"role {world.role(f'{A}.executor').rsplit('/', 1)[-1]}"
    assert steps == [
        ("annotation", f"ServiceAccount {A}/workflow", "as planned"),
        ("token", own, "allowed"),
        ("caller", own, "as planned"),
        ("other audience", own, "refused (InvalidIdentityToken)"),
        (f"token of {ARGO}/argo-server", own, "refused (AccessDenied)"),
        (f"token of {A}/artifact-gc", own, "refused (AccessDenied)"),
        ("list buckets", "S3 eu-west-1", "refused (AccessDenied)"),
        ("list users", "S3 eu-west-1", "refused (AccessDenied)"),
        ("list roles", "S3 eu-west-1", "refused (AccessDenied)"),
        ("list keys", "S3 eu-west-1", "refused (AccessDenied)"),
        (
            "assume another role",
            f"role {world.role(f'{B}.executor').rsplit('/', 1)[-1]}",
            "refused (AccessDenied)",
        ),
    ]


def only_a(world):
    return world.verify(tenants=frozenset({A}))


IN_A, IN_B = f"artifacts:prod/{A}/", f"artifacts:prod/{B}/"
AT_B = f"arn:aws:s3:::artifacts/prod/{B}/*"
ACCOUNT = "S3 eu-west-1"
WIDER = [
    (["s3:GetObject"], [AT_B], "get", IN_B),
    (["s3:PutObject"], [AT_B], "put", IN_B),
    (["s3:GetBucketPolicy"], ["arn:aws:s3:::artifacts"], "read policy", "artifacts"),
    (["s3:ListAllMyBuckets"], ["arn:aws:s3:::*"], "list buckets", ACCOUNT),
    (["iam:ListUsers"], ["*"], "list users", ACCOUNT),
    (["iam:ListRoles"], ["*"], "list roles", ACCOUNT),
    (["kms:ListKeys"], ["*"], "list keys", ACCOUNT),
]


def test_each_right_too_many_of_a_role_is_named_by_its_own_row(world):
    arn = world.role(f"{A}.executor")
    wide = world.door.policies[arn]
    for actions, resources, _, _ in WIDER:
        wide = plus(wide, Action=actions, Resource=resources)
    with world.policy(arn, wide):
        report = only_a(world)
    named = {(WORKFLOW, check, target) for _, _, check, target in WIDER}
    assert set(failed(report)) == named
    (cause,) = report.causes
    assert cause.startswith(f"{WORKFLOW}: the store allows what the plan refuses, ")


def test_a_trust_that_names_another_service_account_or_no_audience_is_named(world, monkeypatch):
    executor, collector = world.role(f"{A}.executor"), world.role(f"{A}.collector")
    named = trusting(world.door.trusts[executor], f"system:serviceaccount:{A}:artifact-gc")
    deaf = copy.deepcopy(world.door.trusts[collector])
    (asked,) = (s["Condition"]["StringEquals"] for s in deaf["Statement"])
    del asked[next(k for k in asked if k.endswith(":aud"))]
    monkeypatch.setattr(world.door, "audiences", {"sts.amazonaws.com", "argo-artifacts.example"})
    with world.trust(executor, named), world.trust(collector, deaf):
        report = only_a(world)
    first, second = (f"role {arn.rsplit('/', 1)[-1]}" for arn in (executor, collector))
    assert failed(report) == [
        (WORKFLOW, f"token of {A}/artifact-gc", first),
        (f"{A}/default as {A}/artifact-gc", "other audience", second),
    ]
    accepted = "exactly the plan's service accounts and the audience sts.amazonaws.com are accepted"
    assert report.causes == tuple(
        f"{name}: it is given to others than the plan's, {accepted}; run `pulumi up --refresh`"
        for name in (first, second)
    )


def test_a_trust_that_lacks_the_service_account_leaves_the_rest_unchecked(world):
    arn = world.role(f"{A}.executor")
    narrow = copy.deepcopy(world.door.trusts[world.role(f"{A}.collector")])
    with world.trust(arn, narrow):
        report = only_a(world)
    name = f"role {arn.rsplit('/', 1)[-1]}"
    assert (WORKFLOW, "token", name) in failed(report)
    mine = [row for row in report.rows if str(row.expectation.holder) == WORKFLOW]
    assert {row.result for row in mine if row.expectation.group == "own prefix"} == {"not checked"}
    assert not any(row.result == "ok" for row in mine if row.expectation.expected == "refused")
    assert f"{WORKFLOW}: {name} is not given to it, " in report.causes[0]


def test_an_account_without_the_issuers_provider_is_said_in_one_line(world, monkeypatch):
    monkeypatch.setattr(world.door, "provider", "oidc.example.com/another")
    report = only_a(world)
    assert failed(report) == []
    assert rows_of(report, "ok") == [r for r in rows_of(report, "ok") if "as planned" in r]
    assert report.causes[0] == (
        f"{WORKFLOW}: AWS takes no token of this cluster, an OIDC provider of its issuer for the"
        " audience sts.amazonaws.com is needed; set aws.oidcProvider: create, or correct"
        " cluster.oidc.issuer"
    )


def test_an_sts_that_cannot_be_reached_leaves_all_unchecked_in_one_line(
    world, closed_port, monkeypatch
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{closed_port}")
    report = only_a(world)
    assert failed(report) == []
    assert not report.good
    assert all("as planned" in row for row in rows_of(report, "ok"))
    assert "\n".join(report.causes) == (
        "AWS eu-west-1: cannot be reached, a way from here is needed; run verify where it is"
        " reachable, or set HTTPS_PROXY or AWS_ENDPOINT_URL"
    )


def test_a_service_account_without_its_annotation_is_named(world, platform):
    """The commonest trouble of all: the UI cannot show what argo-server has no role for."""
    client = LiveCluster(platform.kubeconfig).client
    role = world.role("server")

    def annotate(value):
        patch = {"metadata": {"annotations": {ROLE_ANNOTATION: value}}}
        client.patch(ServiceAccount, "argo-server", patch, namespace=ARGO)

    annotate(None)
    try:
        report = only_a(world)
    finally:
        annotate(role)
    assert failed(report) == [
        (f"{A}/default as {ARGO}/argo-server", "annotation", f"ServiceAccount {ARGO}/argo-server")
    ]
    assert "\n".join(report.causes) == (
        f"ServiceAccount {ARGO}/argo-server: the annotation {ROLE_ANNOTATION} is missing, the"
        f" annotation {ROLE_ANNOTATION} with {role} is needed; run `pulumi up`, or set it where"
        " the service account is kept, and restart its pods"
    )
