"""What is expected of each identity on AWS, from the plan alone; literals."""

import pytest

from argo_artifacts.documents import deployer
from argo_artifacts.verify.aws_expectations import OPENING
from argo_artifacts.verify.connections import server_of
from argo_artifacts.verify.expectations import Facts, expectations
from argo_artifacts.verify.identities import identities
from argo_artifacts.verify.tasks import (
    LIMIT,
    Outcome,
    Said,
    Task,
    may_write,
    message_of,
    outcome_of,
    task_of,
    text_of,
)
from tests.unit.aws_stacks import AWS, example, on_aws, store

SERVER = "S3 eu-west-1"
LISTS = ("list buckets", "list users", "list roles", "list keys")


def rows_of(made, **facts):
    settings, plan = made
    everyone = identities(settings, plan)
    servers = {i.holder.repository: server_of(settings, i.holder.repository) for i in everyone}
    return expectations(everyone, Facts(run="run1", servers=servers, **facts))


def steps(rows, holder):
    """Check, end of the target and expectation of what is tried beside S3."""

    def end(target):
        return target.rpartition("prod-eu.")[2].rpartition(".")[0] or target

    return [
        (row.check, end(row.target), row.expected)
        for row in rows
        if str(row.holder) == holder and row.group in ("identity", "aws account")
    ]


def on_account(other, *more):
    lists = [(check, SERVER, "refused") for check in LISTS]
    return [*lists, ("assume another role", other, "refused"), *more]


def test_irsa_by_the_token_of_each_service_account():
    rows = rows_of(example("irsa"))
    assert list(dict.fromkeys(str(row.holder) for row in rows)) == [
        "team-a/default",
        "team-a/default as team-a/workflow",
        "team-a/default as team-a/artifact-gc",
        "team-a/default as argo/argo-server",
        "team-b/default",
        "team-b/default as team-b/etl",
        "team-b/default as team-b/ml",
        "team-b/default as argo/argo-server",
    ]
    own = "team-a.executor"
    assert steps(rows, "team-a/default as team-a/workflow") == [
        ("annotation", "ServiceAccount team-a/workflow", "as planned"),
        ("token", own, "allowed"),
        ("caller", own, "as planned"),
        ("other audience", own, "refused"),
        ("token of team-b/etl", own, "refused"),
        ("token of team-a/artifact-gc", own, "refused"),
        *on_account("team-b.executor", ("use the key", "alias/argo-artifacts", "refused")),
    ]
    assert [row.check for row in rows if str(row.holder) == "team-a/default"] == [
        "default entry",
        "entry",
    ]


def test_argo_server_may_read_at_the_neighbour_and_nothing_more():
    rows = rows_of(example("irsa"))
    mine = [row for row in rows if str(row.holder) == "team-a/default as argo/argo-server"]
    assert [(row.check, row.expected) for row in mine if row.group == "neighbour"] == [
        ("put", "refused"),
        ("delete", "refused"),
    ]


def test_assume_role_goes_from_the_token_to_the_role_of_the_entry():
    rows = rows_of(example("assume-role"))
    assert steps(rows, "team-b/default as team-b/ml") == [
        ("annotation", "ServiceAccount team-b/ml", "as planned"),
        ("token", "team-b.executor", "allowed"),
        ("assume role", "team-b.default.entry", "allowed"),
        ("caller", "team-b.default.entry", "as planned"),
        ("other audience", "team-b.executor", "refused"),
        ("token of argo/argo-server", "team-b.executor", "refused"),
        *on_account("server"),
    ]
    mine = [row for row in rows if str(row.holder) == "team-a/default as team-a/artifact-gc"]
    union = [row.check for row in mine if row.group == "own prefix" and row.expected == "allowed"]
    assert union == ["put", "get", "head", "list", "multipart upload", "abort upload", "delete"]
    assert len([row for row in mine if row.group == "neighbour"]) == 4


@pytest.mark.parametrize(
    ("name", "acts_as"),
    [
        ("access-keys", "user prod-eu.team-a.default.2"),
        ("assume-role-session", "role prod-eu.team-a.default.entry"),
        ("access-grants", "role prod-eu.default.location"),
    ],
)
def test_what_the_entrys_secret_holds_acts_as_planned(name, acts_as):
    rows = rows_of(example(name))
    mine = [row for row in rows if str(row.holder) == "team-a/default"]
    assert [row.check for row in mine if row.group == "entry"] == [
        "default entry",
        "entry",
        "secret",
    ]
    (caller,) = (row for row in mine if row.check == "caller")
    assert caller.target.rpartition(".")[0] == acts_as
    assert {row.holder.account for row in rows} == {""}


@pytest.mark.parametrize(
    ("name", "key"), [("pod-identity", ["use the key"]), ("pod-identity-per-tenant", [])]
)
def test_pod_identity_is_tried_inside_a_pod(name, key):
    rows = rows_of(example(name))
    holder = "team-a/default as team-a/workflow"
    checks = [check for check, _, _ in steps(rows, holder)]
    assert checks[:2] == ["pod", "caller"]
    assert checks[2:] == [*LISTS, "assume another role", *key]
    assert "ServiceAccount team-a/workflow" in [row.target for row in rows if row.check == "pod"]


def test_on_the_node_nothing_isolates_tenants_and_its_role_is_not_ours():
    rows = rows_of(example("node"))
    mine = [row for row in rows if str(row.holder) == "team-a/default as team-a/workflow"]
    assert [(r.check, r.expected) for r in mine if r.group in ("identity", "aws account")] == [
        ("pod", "allowed")
    ]
    assert [(r.check, r.expected, r.why) for r in mine if r.group == "neighbour"] == [
        ("reach it", "shared", "the node's role serves every pod on it: nothing isolates them")
    ]
    own = {r.check: r.expected for r in mine if r.group == "own prefix"}
    assert own["delete"] == "allowed"  # the collector may, on the same node


def test_every_check_beside_s3_rests_on_the_steps_before_it():
    rows = rows_of(example("assume-role"))
    rests = {row.check: row.rests_on for row in rows if row.group in ("identity", "aws account")}
    assert rests["token"] == rests["other audience"] == rests["annotation"] == ()
    assert rests["assume role"] == ("token", "pod")
    assert rests["caller"] == rests["list users"] == OPENING


def test_each_bucket_of_its_own_is_the_others_other_bucket():
    made = on_aws({"default": store("irsa", isolation="bucket")})
    mine = [r for r in rows_of(made) if str(r.holder) == "team-a/default as team-a/workflow"]
    assert {r.place.bucket for r in mine if r.group == "own prefix"} == {"artifacts-team-a"}
    assert [(r.check, r.target, r.expected) for r in mine if r.group == "other bucket"] == [
        ("list", "artifacts-team-b:prod/team-b/", "refused"),
        ("get", "artifacts-team-b:prod/team-b/", "refused"),
    ]


TOKENS = {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}
JOBS = {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "delete"]}
IMAGE = {"verifier": {"image": "registry.example.com/argo-artifacts:0.1.0"}}


@pytest.mark.parametrize(
    ("identity", "aws", "given"),
    [
        ("irsa", {}, [TOKENS]),
        ("podIdentity", IMAGE, [JOBS]),
        ("podIdentity", {}, []),
        ("accessKeys", IMAGE, []),
    ],
    ids=["irsa", "podIdentity", "podIdentity without image", "accessKeys"],
)
def test_the_printed_rights_are_enough_for_the_way_and_no_more(identity, aws, given):
    made = on_aws({"default": store(identity)}, aws=AWS | aws)
    rules = deployer.cluster_role(*made)["rules"]
    assert [rule for rule in (TOKENS, JOBS) if rule in rules] == given


REFUSED = Said(kind="denied", said="AccessDenied")
VERSION = "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxvjVBH40Nr8X8gdRQBpUMLUo"


def largest():
    """The largest task that there is: an executor's, with uploads and many neighbours."""
    tenants = {f"team-{number:02}": {} for number in range(12)}
    argo = {"version": "4.1.0", "server": {"uploads": True}}
    repositories = {"default": store("podIdentity")}
    repositories["models"] = {"s3": repositories["default"]["s3"] | {"bucket": {"name": "models"}}}
    rows = rows_of(on_aws(repositories, tenants=tenants, argo=argo))
    mine = [r for r in rows if str(r.holder) == "team-05/default as team-05/workflow"]
    seeds = dict.fromkeys(row.seed for row in mine if row.seed is not None)
    done = Said(kind="done")
    return Task(
        run="run1",
        region="eu-west-1",
        host="",
        ambient="podIdentity",
        writes=tuple(seeds),
        rows=tuple(row for row in mine if row.group != "entry"),
        stands=tuple((seed, Said(kind="done", version=VERSION), done) for seed in seeds),
    )


def test_a_task_comes_back_from_its_text():
    task = largest()
    assert len(task.rows) > 60
    assert task_of(text_of(task)) == task
    assert len(text_of(task)) < 128 * 1024  # what Linux takes as one argument


def test_what_a_pod_may_leave_is_known_before_it_answers():
    task = largest()
    keys = [key for _, key in may_write(task)]
    assert len(keys) == len(set(keys)) > len(task.writes)
    assert {key.rsplit("/", 1)[1] for key in keys} == {"object", "put", "upload"}


def test_an_outcome_fits_a_termination_message_and_comes_back_from_it():
    task = largest()
    standing = tuple((n % 2 == 0, n % 3 == 0) for n, _ in enumerate(may_write(task)))
    said = "of those that say much the {}th, as long as they come"
    outcomes = (
        Outcome(
            writes=tuple(
                (Said(kind="done", version=f"{n:02}{VERSION}"), REFUSED) for n in range(30)
            ),
            standing=standing,
        ),
        Outcome(
            rows=tuple(
                ("failed", said.format(n % 20), REFUSED if n else None, n < 3)
                for n, _ in enumerate(task.rows)
            ),
            standing=standing,
        ),
        Outcome(deletes=(REFUSED, Said(kind="done")) * 100),
    )
    for outcome in outcomes:
        assert len(message_of(outcome).encode()) < LIMIT
        assert outcome_of(message_of(outcome)) == outcome


@pytest.mark.parametrize("message", ["", "{}", "[1]", '[["a"],[],[[0]],[],[]]', "Killed"])
def test_a_message_that_is_none_of_ours_is_said_to_be_none(message):
    with pytest.raises(ValueError, match="the pod's message is none of verify"):
        outcome_of(message)
