"""Limits of AWS: counted as IAM counts, and what would not fit is refused before any call."""

from __future__ import annotations

import re

import pytest

from argo_artifacts import limits
from argo_artifacts.documents import canonical
from argo_artifacts.documents.aws import identity, sizes, trust
from tests.unit.aws_stacks import EXAMPLES, example, on_aws, store


def quotas(made, access) -> dict[str, tuple[int, int, str]]:
    return {q.what: (q.used, q.limit, q.unit) for q in limits.quotas(made, access)}


def many(number: int) -> dict:
    return {f"tenant-{index:04}": {} for index in range(number)}


def test_white_space_does_not_count():
    assert sizes.characters({"Sid": "a b", "x": ["1\n", 2]}) == len('{"Sid":"ab","x":["1\\n",2]}')


@pytest.mark.parametrize("name", [file.stem.removeprefix("Pulumi.aws-") for file in EXAMPLES])
def test_every_role_and_user_is_counted_as_it_is_written(name):
    made, access = example(name)
    found = quotas(made, access)
    inline = [
        len(canonical.document(d)) for r in access.aws.roles for d in identity.policies(made, r)
    ]
    trusts = [len(canonical.document(trust.trust(made, role))) for role in access.aws.roles]
    users = [len(canonical.document(identity.user_policy(made, u))) for u in access.aws.users]
    for what, sizes_of, limit in (
        ("inline policy of an IAM role", inline, 10_240),
        ("trust policy of an IAM role", trusts, 2_048),
        ("inline policy of an IAM user", users, 2_048),
    ):
        assert found.get(what) == ((max(sizes_of), limit, "characters") if sizes_of else None)


def test_a_trust_policy_with_too_many_service_accounts_is_refused_with_the_way_out():
    accounts = [f"{'a' * 59}-{index:03}" for index in range(20)]
    made, access = on_aws(
        {"default": store("irsa")},
        tenants={"team-a": {"serviceAccounts": accounts}, "team-b": {}},
    )
    (line,) = limits.check(made, access)
    assert re.fullmatch(
        r"argo-artifacts:tenants\.team-a\.serviceAccounts: 2\d{3} characters of trust policy of an"
        r" IAM role \(prod\.team-a\.executor\.\w{8}\), at most 2048 are accepted; give the tenant"
        r" fewer service accounts, or namespaces of their own to some of them",
        line,
    )
    fewer = {"team-a": {"serviceAccounts": accounts[:15]}, "team-b": {}}
    assert limits.check(*on_aws({"default": store("irsa")}, tenants=fewer)) == []


def test_the_servers_policy_is_one_inline_until_it_is_chunked():
    made, access = on_aws({"default": store("irsa")}, tenants=many(100))
    (server,) = [role for role in access.aws.roles if role.purpose == "server"]
    (document,) = identity.policies(made, server)
    assert sizes.characters(document) < 10_240
    assert "managed policies of an IAM role" not in quotas(made, access)


def test_a_chunked_policy_allows_exactly_what_one_would():
    kms = {"kms": {"key": "alias/artifacts"}}
    made, access = on_aws({"default": store("irsa", encryption=kms)}, tenants=many(300))
    (server,) = [role for role in access.aws.roles if role.purpose == "server"]
    found = identity.policies(made, server)
    assert len(found) > 2
    assert max(map(sizes.characters, found)) <= 6_144
    resources = [
        r for d in found for s in d["Statement"] if s["Sid"] == "Read" for r in s["Resource"]
    ]
    assert resources == [f"arn:aws:s3:::artifacts/prod/{tenant}/*" for tenant in many(300)]
    listed = [
        p
        for d in found
        for s in d["Statement"]
        if s["Sid"] == "List"
        for p in s["Condition"]["StringLike"]["s3:prefix"]
    ]
    assert listed == [f"prod/{tenant}/*" for tenant in many(300)]
    assert sum(s["Sid"] == "Key" for d in found for s in d["Statement"]) == 1
    assert quotas(made, access)["managed policies of an IAM role"] == (len(found), 10, "policies")
    assert limits.check(made, access) == []


def test_roles_that_assume_many_others_are_chunked_too():
    made, access = on_aws({"default": store("assumeRole")}, tenants=many(200))
    (server,) = [role for role in access.aws.roles if role.purpose == "server"]
    found = identity.policies(made, server)
    assert max(map(sizes.characters, found)) <= 6_144
    assumed = [r for d in found for s in d["Statement"] for r in s["Resource"]]
    assert tuple(assumed) == server.assumes
    assert len(assumed) == 200


def test_more_than_ten_managed_policies_are_refused_with_the_way_out():
    made, access = on_aws({"default": store("irsa")}, tenants=many(1000))
    (line,) = limits.check(made, access)
    assert line == (
        "argo-artifacts:argo.server.access: 12 policies of managed policies of an IAM role"
        f" ({access.aws.roles[2].name}), at most 10 are accepted; use Pod Identity with shared"
        " roles, access none, or put tenants into another stack"
    )
    assert limits.check(*on_aws({"default": store("podIdentity")}, tenants=many(1000))) == []


def test_a_users_policy_that_does_not_fit_inline_is_refused():
    shared = store("accessKeys") | {"sharedWith": ["team-a"]}
    prefix = "/".join(["p" * 230] * 4) + "/"
    tenants = {
        "team-a": {"repositories": [{"name": "default", "prefix": prefix, "access": "write"}]}
    }
    made, access = on_aws({"default": shared}, tenants=tenants)
    key, user = limits.check(made, access)
    assert " bytes of object key in default" in key
    assert re.search(
        r"^argo-artifacts:repositories\.default: 2\d{3} characters of inline policy of an IAM user"
        r" \(prod\.team-a\.default\.1\.\w{8}\), at most 2048 are accepted; shorten the names",
        user,
    )


def test_a_tenants_bucket_has_a_name_that_s3_takes():
    own = store("irsa", bucket={"name": "b" * 50}, isolation="bucket")
    made, access = on_aws({"default": own}, tenants={"a" * 20: {}})
    (line,) = limits.check(made, access)
    assert line == (
        "argo-artifacts:repositories.default.s3.bucket.name: 71 characters of name of a bucket on"
        f" S3 ({'b' * 50}-{'a' * 20}), at most 63 are accepted; shorten it, since the tenant's name"
        " follows it"
    )
