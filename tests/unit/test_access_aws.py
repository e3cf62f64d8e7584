"""Identities on AWS: which roles and users a stack gets, and who may assume them."""

from __future__ import annotations

import re

import pytest

from argo_artifacts import limits
from argo_artifacts.access.aws import ByAccessGrants, ByPods, ByRoles, ByServiceAccounts
from argo_artifacts.access.inventory import count, inventory
from argo_artifacts.access.names import iam_name
from argo_artifacts.access.words import Subject
from argo_artifacts.documents.aws.identity import policies
from argo_artifacts.repository import entries
from tests.unit.argo_schema import REPOSITORY, faults
from tests.unit.aws_stacks import AWS, CLUSTER, EXAMPLES, example, on_aws, store
from tests.unit.stacks import each, names

OWNER = "615b4582"


def parts(role) -> str:
    """The name of *role* without cluster and owner."""
    return role.name.partition(".")[2].rpartition(".")[0]


def subjects(trust: ByServiceAccounts) -> list[str]:
    return [str(subject) for subject in trust.subjects]


def many(number: int) -> dict:
    return {f"tenant-{index:04}": {} for index in range(number)}


def test_irsa_has_two_roles_for_a_tenant_and_one_for_the_server():
    _, access = example("irsa")
    found = {parts(role): subjects(role.trust) for role in access.aws.roles}
    assert found == {
        "team-a.executor": ["team-a/workflow"],
        "team-a.collector": ["team-a/artifact-gc"],
        "server": ["argo/argo-server"],
        "team-b.executor": ["team-b/etl", "team-b/ml"],
    }
    assert {role.arn for role in access.aws.roles} == {
        f"arn:aws:iam::111122223333:role/argo/{role.name}" for role in access.aws.roles
    }


def test_a_tenants_roles_reach_its_own_prefix_in_every_repository():
    repositories = {
        "default": store("irsa"),
        "models": store("irsa", bucket={"name": "models"}) | {"sharedWith": ["team-a", "team-b"]},
    }
    _, access = on_aws(
        repositories, tenants={"team-a": {"repositories": ["default", "models"]}, "team-b": {}}
    )
    (executor,) = [r for r in access.aws.roles if parts(r) == "team-a.executor"]
    assert [
        (one.bucket, access.prefix, access.verbs)
        for one in executor.reach
        for access in one.accesses
    ] == [
        ("artifacts", "prod/team-a/", ("list", "read", "write")),
        ("models", "prod/_shared/models/", ("list", "read")),
    ]


@pytest.mark.parametrize("number", [1, 1000])
def test_shared_roles_of_pod_identity_are_three_however_many_tenants(number):
    made, access = on_aws({"default": store("podIdentity")}, tenants=many(number))
    assert [role.purpose for role in access.aws.roles] == ["executor", "collector", "server"]
    numbers = count(inventory(made, access))
    assert numbers["IAM role"] == 3
    assert sum(len(policies(made, role)) for role in access.aws.roles) == 3
    assert numbers["Pod Identity association"] == 2 * number + 1
    assert "IAM user" not in numbers


def test_roles_of_irsa_grow_by_two_for_a_tenant():
    for number in (1, 1000):
        _, access = on_aws({"default": store("irsa")}, tenants=many(number))
        assert len(access.aws.roles) == 2 * number + 1


def test_there_are_shared_roles_for_each_distinct_set_of_repositories():
    _, access = example("pod-identity")
    sets = {(role.purpose, role.tenants) for role in access.aws.roles}
    assert sets == {
        ("executor", ("team-a",)),
        ("executor", ("team-b",)),
        ("executor", ("team-c", "team-d")),
        ("collector", ("team-a",)),
        ("collector", ("team-c", "team-d")),
        ("server", ("team-a", "team-b", "team-c", "team-d")),
    }
    assert len({role.name for role in access.aws.roles}) == 6


def test_shared_roles_trust_the_cluster_and_name_whoever_is_one_name():
    _, access = on_aws({"default": store("podIdentity")})
    assert {role.purpose: role.trust for role in access.aws.roles} == {
        "executor": ByPods(),
        "collector": ByPods(accounts=("artifact-gc",)),
        "server": ByPods(namespaces=("argo",), accounts=("argo-server",)),
    }
    prefixes = {
        role.purpose: [a.prefix for one in role.reach for a in one.accesses]
        for role in access.aws.roles
    }
    own = "${aws:PrincipalTag/eks-cluster-name}/${aws:PrincipalTag/kubernetes-namespace}/"
    assert prefixes == {
        "executor": [own],
        "collector": [own],
        "server": ["${aws:PrincipalTag/eks-cluster-name}/"],
    }


def test_every_service_account_has_one_association_and_its_role():
    _, access = example("pod-identity")
    bound = [(a.namespace, a.service_account) for a in access.aws.associations]
    assert len(set(bound)) == len(bound)
    for grant in access.grants:
        role = access.aws.role_of(grant.subject)
        assert role is not None
        assert (role.purpose, grant.tenant in role.tenants) == (grant.actor, True)
    assert access.aws.role_of(Subject(cluster="prod-eu", namespace="team-a", name="x")) is None


def test_roles_for_each_tenant_name_its_service_accounts():
    _, access = example("pod-identity-per-tenant")
    assert {parts(role): role.trust for role in access.aws.roles} == {
        "team-a.executor": ByPods(namespaces=("team-a",), accounts=("workflow",)),
        "team-a.collector": ByPods(namespaces=("team-a",), accounts=("artifact-gc",)),
        "server": ByPods(namespaces=("argo",), accounts=("argo-server",)),
        "team-b.executor": ByPods(namespaces=("team-b",), accounts=("etl", "ml")),
    }
    assert [one.bucket for one in access.stores] == [
        "acme-argo-team-a-111122223333-eu-west-1-an",
        "acme-argo-team-b-111122223333-eu-west-1-an",
    ]
    for role in access.aws.roles:
        for one in role.reach:
            (tenant,) = [t for t in role.tenants if t in one.bucket]
            assert [a.prefix for a in one.accesses] == [f"prod-eu/{tenant}/"]


def test_a_key_number_is_a_user():
    made, access = example("access-keys")
    assert access.aws.roles == ()
    assert [(user.tenant, user.key) for user in access.aws.users] == [
        ("team-a", 1),
        ("team-a", 2),
        ("team-b", 1),
        ("team-b", 2),
    ]
    for credential in access.credentials:
        own = [u for u in access.aws.users if u.tenant == credential.tenant]
        assert credential.users == tuple((user.key, user.name) for user in own)
        assert {user.reach.accesses for user in own} == {credential.accesses}
    assert count(inventory(made, access))["Access key"] == 4


def test_an_assumed_role_is_trusted_by_the_actors_own_roles_in_the_clusters_account():
    _, access = example("assume-role")
    entry = access.aws.entry_role("team-a", "default")
    base = {role.arn for role in access.aws.roles if entry.arn in role.assumes}
    assert entry.trust == ByRoles(roles=tuple(sorted(base)))
    assert {parts(r): r.account for r in access.aws.roles if r.arn in base} == {
        "team-a.executor": "444455556666",
        "team-a.collector": "444455556666",
        "server": "444455556666",
    }
    assert entry.account == "111122223333"
    assert [(a.prefix, a.verbs) for a in entry.reach[0].accesses] == [
        ("prod-eu/team-a/", ("list", "read", "write", "delete"))
    ]
    assert all(not role.reach for role in access.aws.roles if role.purpose != "entry")
    assert access.aws.provider_accounts == ("444455556666",)


def test_roles_that_are_handed_over_are_not_created():
    eks = {"name": "prod", "account": "444455556666"}
    handed = store("assumeRole", assumeRole={"handOver": True})
    made, access = on_aws({"default": handed}, cluster=CLUSTER | {"eks": eks})
    given = {role.purpose for role in access.aws.roles if role.handed_over}
    assert given == {"executor", "collector", "server"}
    assert count(inventory(made, access))["IAM role"] == 2


def test_a_refresher_has_one_service_account_one_secret_and_one_role():
    _, access = example("assume-role-session")
    keepers = [role for role in access.roles if role.purpose == "refresher"]
    assert [(role.namespace, role.secrets) for role in keepers] == [
        ("team-a", ("argo-artifacts-default",)),
        ("team-b", ("argo-artifacts-default",)),
    ]
    trusted = {r.trust.subjects for r in access.aws.roles if isinstance(r.trust, ByServiceAccounts)}
    assert trusted == {role.subjects for role in keepers}
    assert all(subject.namespace == "argo" for (subject,) in trusted)
    assert len(trusted) == len(access.aws.roles) == 2


def test_a_grant_covers_a_prefix_below_its_location():
    made, access = example("access-grants")
    (location,) = access.aws.locations
    assert location.scope == "s3://acme-argo-artifacts/prod-eu/*"
    assert [(g.tenant, g.sub_prefix, g.permission) for g in access.aws.data_grants] == [
        ("team-a", "team-a/*", "READWRITE"),
        ("team-b", "team-b/*", "READWRITE"),
    ]
    (role,) = [r for r in access.aws.roles if r.purpose == "location"]
    assert isinstance(role.trust, ByAccessGrants)
    deleted = [a.prefix for one in role.reach for a in one.accesses if "delete" in a.verbs]
    assert deleted == ["prod-eu/team-a/"]
    grantees = {g.grantee for g in access.aws.data_grants}
    assert grantees == {r.arn for r in access.aws.roles if r.purpose == "grantee"}
    assert count(inventory(made, access))["Access grant"] == 2


def test_nothing_is_granted_to_pods_by_the_nodes_identity():
    made, access = example("node")
    assert (access.aws.roles, access.aws.users, access.aws.associations) == ((), (), ())
    assert not any(kind in count(inventory(made, access)) for kind in ("IAM role", "IAM user"))
    (note,) = [note.text for note in access.notes if note.about == "default"]
    assert "every pod on that node may do, in every namespace" in note


def test_a_retired_tenant_has_no_executor():
    _, access = on_aws({"default": store("irsa")}, tenants={"team-a": {"retired": True}})
    assert [parts(role) for role in access.aws.roles] == ["team-a.collector", "server"]


def test_who_makes_an_association_is_said_with_the_two_actions():
    _, access = example("pod-identity")
    (text,) = {note.text for note in access.notes if note.topic == "trust"}
    assert "eks:CreatePodIdentityAssociation and iam:PassRole" in text


EXPECTED = {
    "irsa": {"useSDKCreds"},
    "pod-identity": {"useSDKCreds"},
    "pod-identity-per-tenant": {"useSDKCreds"},
    "access-keys": {"accessKeySecret", "secretKeySecret"},
    "assume-role": {"roleARN"},
    "assume-role-session": {"accessKeySecret", "secretKeySecret", "sessionTokenSecret"},
    "access-grants": {"accessKeySecret", "secretKeySecret", "sessionTokenSecret"},
    "node": set(),
}
"""By what an entry of each example reaches the bucket: one thing, never two."""


@pytest.mark.parametrize("name", EXPECTED)
def test_an_entry_names_its_bucket_region_and_one_identity(name):
    made, access = example(name)
    for tenant in made.tenants:
        for use in made.tenants[tenant].repositories:
            found = entries.entry(made, access, tenant, use.name)
            assert list(faults(found, REPOSITORY, made.argo.release)) == []
            block = found["s3"]
            assert block["region"] == "eu-west-1"
            assert block["endpoint"] == "s3.eu-west-1.amazonaws.com"
            assert block["keyFormat"].startswith(access.prefix(tenant, use.name))
            usual = {"bucket", "endpoint", "region", "keyFormat"}
            assert set(block) - usual == EXPECTED[name]


def test_every_example_is_looked_at_and_fits():
    assert set(EXPECTED) == {file.stem.removeprefix("Pulumi.aws-") for file in EXAMPLES}
    for name in EXPECTED:
        made, access = example(name)
        assert limits.check(made, access) == []


def test_the_order_of_the_file_does_not_show():
    tenants = {"team-b": {}, "team-a": {"serviceAccounts": ["b", "a"]}}
    for identity in ("irsa", "podIdentity", "accessKeys", "assumeRole", "accessGrants"):
        one = on_aws({"default": store(identity)}, tenants=tenants)[1]
        turned = {"team-a": {"serviceAccounts": ["a", "b"]}, "team-b": {}}
        other = on_aws({"default": store(identity)}, tenants=turned)[1]
        assert one.aws == other.aws


@each(names, names, names)
def test_a_name_is_one_that_iam_takes(cluster, tenant, repository):
    name = iam_name(cluster[:32], tenant, repository, "entry", owner="argo-artifacts/prod")
    assert len(name) <= 64
    assert re.fullmatch(r"[\w+=,.@-]+", name)
    other = iam_name(cluster[:32], tenant, f"{repository}x", "entry", owner="argo-artifacts/prod")
    assert name != other
    assert name.rpartition(".")[2] == other.rpartition(".")[2]


def test_an_account_of_another_partition_has_its_arns():
    china = {"account": "111122223333", "region": "cn-north-1"}
    made, access = on_aws({"default": store("irsa", region="cn-north-1")}, aws=AWS | china)
    assert access.aws.roles[0].arn.startswith("arn:aws-cn:iam::111122223333:role/prod.")
    block = entries.entry(made, access, "team-a", "default")["s3"]
    assert block["endpoint"] == "s3.cn-north-1.amazonaws.com.cn"


def test_the_plan_says_how_service_accounts_of_others_get_their_roles():
    tenants = {"team-a": {"serviceAccountOwnership": "use"}, "team-b": {}}
    _, access = on_aws({"default": store("irsa")}, tenants=tenants)
    found = {n.about: n.text for n in access.notes if "kubectl annotate" in n.text}
    assert set(found) == {"argo/argo-server", "team-a/artifact-gc", "team-a/workflow"}
    role = access.aws.role_of(Subject(cluster="prod", namespace="argo", name="argo-server"))
    assert found["argo/argo-server"] == (
        "its service account is not ours, whoever keeps it gives it the role: `kubectl annotate"
        f" serviceaccount argo-server -n argo eks.amazonaws.com/role-arn={role.arn}`, then restarts"
        " argo-server; `values` gives it to Helm's"
    )
    _, bound = on_aws({"default": store("podIdentity")}, tenants=tenants)
    assert not any("kubectl annotate" in note.text for note in bound.notes)


def test_a_role_serves_the_tenants_and_repositories_that_it_reaches():
    for identity, expected in (
        ("irsa", {"executor", "collector", "server"}),
        ("podIdentity", {"executor", "collector", "server"}),
        ("assumeRole", {"executor", "collector", "server", "entry"}),
        ("accessGrants", {"grantee", "location"}),
        ("node", set()),
    ):
        other = store(identity, bucket={"name": "others"})
        _, access = on_aws({"default": store(identity), "other": other})
        serving = access.aws.serving("team-a", "default")
        assert {role.purpose for role in serving} == expected
        assert all("team-a" in role.tenants for role in serving)
        assert access.aws.serving("team-a", "other") == ()
