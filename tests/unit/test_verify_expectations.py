"""What is expected follows from the plan alone, whatever the stack looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_artifacts import access
from argo_artifacts.access.grants import AccessPlan, Credential, SecretReference
from argo_artifacts.access.words import Access
from argo_artifacts.config import parse
from argo_artifacts.verify import expectations as module
from argo_artifacts.verify.expectations import MAX_NEIGHBOURS, MAX_OTHER_BUCKETS, Facts
from argo_artifacts.verify.identities import of_credential
from argo_artifacts.verify.places import FOLDER, Holder, Place, folder

SERVER = "minio:9000"
A, B = Holder("team-a", "default"), Holder("team-b", "default")


def credential(tenant, prefixes, repository="default", bucket="artifacts"):
    return Credential(
        tenant=tenant,
        repository=repository,
        bucket=bucket,
        actors=("executor",),
        accesses=tuple(Access(prefix=p, verbs=v) for p, v in sorted(prefixes.items())),
        secret=SecretReference(
            namespace=tenant, name="keys", access_key="a", secret_key="s", managed=True
        ),
    )


def plan_of(*credentials):
    return AccessPlan(
        cluster="prod", owner="p/s", grants=(), credentials=credentials, stores=(), notes=()
    )


def expectations(plan, given, tenants=None):
    """The rows of a plan's credentials; the first of a tenant is its default."""
    known, found = set(), []
    for one in plan.credentials:
        found.append(of_credential(one, first=one.tenant not in known))
        known.add(one.tenant)
    return module.expectations(found, given, tenants)


def facts(plan, **more):
    return Facts(
        **(
            {
                "run": "run1",
                "servers": {c.repository: SERVER for c in plan.credentials},
                "external": frozenset(c.repository for c in plan.credentials),
            }
            | more
        )
    )


def table(plan, holder, group, **more):
    """Check, target and expectation of each row of *holder* in *group*."""
    return [
        (row.check, row.target, row.expected)
        for row in expectations(plan, facts(plan, **more))
        if row.holder == holder and row.group == group
    ]


WRITE = ("list", "read", "write")
ALL = (*WRITE, "delete")
READ = ("list", "read")
TWO = plan_of(
    credential("team-a", {"prod/team-a/": ALL}), credential("team-b", {"prod/team-b/": WRITE})
)


def test_every_granted_verb_is_tried_and_every_other_is_refused():
    at = "artifacts:prod/team-a/"
    assert table(TWO, A, "own prefix") == [
        ("put", at, "allowed"),
        ("get", at, "allowed"),
        ("head", at, "allowed"),
        ("list", at, "allowed"),
        ("multipart upload", at, "allowed"),
        ("abort upload", at, "allowed"),
        ("delete", at, "allowed"),
        ("missing key", at, "not found"),
        ("delete version", at, "refused"),
    ]
    own = table(TWO, B, "own prefix")
    assert own[-2] == ("delete", "artifacts:prod/team-b/", "refused")
    assert len(own) == 9


def test_the_neighbour_is_refused_in_every_verb():
    at = "artifacts:prod/team-b/"
    assert table(TWO, A, "neighbour") == [
        (check, at, "refused") for check in ("list", "get", "put", "delete")
    ]


def test_the_neighbour_writes_what_it_must_not_be_robbed_of():
    rows = [r for r in expectations(TWO, facts(TWO)) if r.holder == A and r.group == "neighbour"]
    seeds = {row.check: row.seed for row in rows}
    assert seeds["get"] == seeds["delete"]
    assert seeds["get"].by == B
    assert seeds["list"] is seeds["put"] is None
    keys = {row.check: row.key for row in rows}
    assert keys["get"] == keys["delete"] == seeds["get"].key
    assert keys["put"] != keys["get"]


def test_a_reader_is_refused_to_write_and_reads_what_the_writer_wrote():
    plan = plan_of(credential("team-a", {"shared/": ALL}), credential("team-b", {"shared/": READ}))
    assert table(plan, B, "neighbour") == []
    assert [(check, expected) for check, _, expected in table(plan, B, "own prefix")] == [
        ("get", "allowed"),
        ("head", "allowed"),
        ("list", "allowed"),
        ("missing key", "not found"),
        ("put", "refused"),
        ("delete", "refused"),
        ("delete version", "refused"),
    ]
    seeds = {row.seed.by for row in expectations(plan, facts(plan)) if row.holder == B and row.seed}
    assert seeds == {A}


def test_each_of_two_writers_under_one_prefix_writes_for_itself():
    plan = plan_of(credential("team-a", {"shared/": ALL}), credential("team-b", {"shared/": WRITE}))
    for row in expectations(plan, facts(plan)):
        if row.seed is not None:
            assert row.seed.by == row.holder


def test_where_nobody_writes_the_provisioner_does_and_without_any_it_is_not_applicable():
    plan = plan_of(credential("team-a", {"shared/": READ}))
    rows = [r for r in expectations(plan, facts(plan)) if r.seed is not None]
    assert {row.seed.by for row in rows} == {None}
    assert "get" in {row.check for row in rows}
    by_others = table(plan, A, "own prefix", external=frozenset())
    assert ("get", "artifacts:shared/", "not applicable") in by_others
    assert ("list", "artifacts:shared/", "allowed") in by_others
    assert ("delete", "artifacts:shared/", "not applicable") in by_others


def test_a_prefix_inside_an_own_one_is_no_neighbour():
    plan = plan_of(
        credential("team-a", {"shared/": READ}), credential("team-b", {"shared/part/": WRITE})
    )
    assert [(check, expected) for check, _, expected in table(plan, A, "neighbour")] == [
        ("put", "refused"),
        ("delete", "refused"),
    ]
    assert len(table(plan, B, "neighbour")) == 4


def test_one_access_key_for_two_tenants_is_one_row_that_says_shared():
    same = {A: 0, B: 0}
    assert table(TWO, A, "neighbour", same_key=same) == [
        ("reach it", "artifacts:prod/team-b/", "shared")
    ]
    apart = {A: 0, B: 1}
    assert table(TWO, A, "neighbour", same_key=apart) == table(TWO, A, "neighbour")


def test_one_access_key_for_two_buckets_is_shared_too():
    plan = plan_of(
        credential("team-a", {"x/": ALL}), credential("team-a", {"x/": ALL}, "logs", "logs")
    )
    logs = Holder("team-a", "logs")
    same = {A: 0, logs: 0}
    assert table(plan, A, "other bucket", same_key=same) == [("reach it", "logs:x/", "shared")]
    assert table(plan, A, "other bucket") == [
        ("list", "logs:x/", "refused"),
        ("get", "logs:x/", "refused"),
    ]


def test_another_bucket_is_one_of_the_plan_or_one_that_the_provisioner_sees_or_none():
    assert table(TWO, A, "other bucket") == [("other bucket", SERVER, "not applicable")]
    buckets = {SERVER: ("artifacts", "somebodys")}
    assert table(TWO, A, "other bucket", buckets=buckets) == [("list", "somebodys", "refused")]


def test_a_bucket_on_another_server_is_no_neighbour_and_no_other_bucket():
    plan = plan_of(
        credential("team-a", {"prod/team-a/": ALL}),
        credential("team-b", {"prod/team-b/": ALL}, "far"),
        credential("team-b", {"prod/team-b/": ALL}, "farther", "other-bucket"),
    )
    servers = {"default": SERVER, "far": "elsewhere:9000", "farther": "elsewhere:9000"}
    assert table(plan, A, "neighbour", servers=servers) == []
    assert table(plan, A, "other bucket", servers=servers)[0][2] == "not applicable"


def test_many_neighbours_are_tried_in_a_ring():
    plan = plan_of(*(credential(f"team-{n:03}", {f"prod/team-{n:03}/": ALL}) for n in range(40)))
    rows = [r for r in expectations(plan, facts(plan)) if r.group == "neighbour"]
    targets = [row.target for row in rows if row.check == "get"]
    assert len(targets) == 40 * MAX_NEIGHBOURS
    assert {targets.count(target) for target in targets} == {MAX_NEIGHBOURS}
    last = Holder("team-039", "default")
    assert {r.target for r in rows if r.holder == last} == {
        f"artifacts:prod/team-{n:03}/" for n in range(MAX_NEIGHBOURS)
    }


def test_many_other_buckets_are_tried_in_a_ring():
    plan = plan_of(*(credential("team-a", {"x/": ALL}, f"r{n}", f"bucket-{n}") for n in range(6)))
    last = Holder("team-a", "r5")
    rows = table(plan, last, "other bucket")
    assert len(rows) == 2 * MAX_OTHER_BUCKETS
    assert rows[0][1] == "bucket-0:x/"


def test_the_tenants_asked_for_are_the_only_ones_with_rows():
    rows = expectations(TWO, facts(TWO), ["team-b"])
    assert {row.holder for row in rows} == {B}
    assert {row.seed.by for row in rows if row.seed} == {A, B}


PREFIXES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(lambda s: "/".join(s) + "/")
VERBS = st.sampled_from([READ, WRITE, ALL, ("list", "delete"), ("list", "read", "delete")])
PLANS = st.lists(
    st.tuples(
        st.sampled_from(["default", "logs"]),
        st.dictionaries(PREFIXES, VERBS, min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=5,
).map(
    lambda parts: plan_of(
        *(
            credential(f"team-{n}", prefixes, repository, f"bucket-{repository}")
            for n, (repository, prefixes) in enumerate(parts)
        )
    )
)


@given(PLANS, st.data())
def test_no_row_contradicts_the_plan_and_no_key_leaves_the_run(plan, data):
    numbers = st.integers(0, 2)
    same = {Holder(c.tenant, c.repository): data.draw(numbers) for c in plan.credentials}
    given_facts = facts(plan, same_key=same)
    rows = expectations(plan, given_facts)
    seen = set()
    for row in rows:
        identity = (row.holder, row.group, row.check, row.place)
        assert identity not in seen
        seen.add(identity)
        for key in filter(None, (row.key, row.seed.key if row.seed else "")):
            assert key.startswith(folder(row.place, "run1", row.holder))
            assert f"{FOLDER}/run1/" in key
        if row.group in ("own prefix", "neighbour", "other bucket"):
            assert_by_the_plan(plan, same, row)


NEEDS = {"put": "write", "get": "read", "head": "read", "list": "list", "delete": "delete"}


def assert_by_the_plan(plan, same, row):
    may = {
        verb
        for c in plan.credentials
        if same[Holder(c.tenant, c.repository)] == same[row.holder] and c.bucket == row.place.bucket
        for a in c.accesses
        if row.place.prefix.startswith(a.prefix)
        for verb in a.verbs
    }
    verb = NEEDS.get(row.check)
    if verb and row.expected == "allowed":
        assert verb in may
    if verb and row.expected == "refused":
        assert verb not in may


def stack(**changes):
    """The plan of a real stack file."""
    values = {
        "cluster": {"name": "prod", "kubeconfig": "k"},
        "argo": {"version": "4.1.0"},
        "repositories": {
            "default": {"minio": {"endpoint": SERVER, "bucket": {"name": "artifacts"}}}
        },
        "tenants": {"team-a": {}, "team-b": {}},
    } | changes
    return access.plan(parse(values, project="p", stack="s", folder=None))


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"tenants": {"team-a": {"retired": True}, "team-b": {}}}, ("put", "refused")),
        ({"tenants": {"team-a": {"artifactGC": False}, "team-b": {}}}, ("delete", "refused")),
        ({}, ("delete", "allowed")),
    ],
    ids=["retired", "no garbage collection", "plain"],
)
def test_the_plan_of_a_stack_file_is_what_is_expected(changes, wanted):
    rows = table(stack(**changes), A, "own prefix")
    assert (wanted[0], "artifacts:prod/team-a/", wanted[1]) in rows


def test_uploads_are_an_own_prefix_and_the_neighbours_are_refused():
    plan = stack(argo={"version": "4.1.0", "server": {"uploads": True}})
    own = {target for _, target, _ in table(plan, A, "own prefix")}
    assert own == {"artifacts:prod/team-a/", "artifacts:uploads/team-a/"}
    foreign = {target for _, target, _ in table(plan, A, "neighbour")}
    assert foreign == {"artifacts:prod/team-b/", "artifacts:uploads/team-b/"}


def test_places_are_spelt_for_a_reader():
    assert str(Place(server=SERVER)) == SERVER
    assert str(Place(server=SERVER, bucket="b")) == "b"
    assert str(Place(server=SERVER, bucket="b", prefix="x/")) == "b:x/"
