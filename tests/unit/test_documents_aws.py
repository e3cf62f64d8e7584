"""AWS documents as they are written: shape, canonical text, and nothing wider than needed."""

from __future__ import annotations

import json
import re

import pytest

from argo_artifacts.cli.aws_documents import aws_documents
from argo_artifacts.documents import canonical
from argo_artifacts.documents.aws import bucket, deployer, identity, kms, trust
from tests.unit.aws_stacks import AWS, CLUSTER, EXAMPLES, example, on_aws, store
from tests.unit.test_check_console import run

NAMES = [file.stem.removeprefix("Pulumi.aws-") for file in EXAMPLES]
names = pytest.mark.parametrize("name", NAMES)


def role(access, purpose: str, tenant: str = "team-a"):
    (found,) = [r for r in access.aws.roles if r.purpose == purpose and tenant in r.tenants]
    return found


def policies(name: str) -> list[dict]:
    """Every identity policy of an example."""
    made, access = example(name)
    of_roles = [d for r in access.aws.roles for d in identity.policies(made, r)]
    return [*of_roles, *(identity.user_policy(made, user) for user in access.aws.users)]


def statements(documents) -> list[dict]:
    return [statement for document in documents for statement in document["Statement"]]


@names
def test_no_allowed_action_holds_a_wildcard_and_each_is_explained(name):
    for statement in statements(policies(name)):
        assert statement["Effect"] == "Allow"
        assert set(statement["Action"]) <= set(identity.WHY)
        assert not any("*" in action for action in statement["Action"])


@names
def test_a_resource_is_a_bucket_its_prefix_a_key_or_a_role(name):
    for statement in statements(policies(name)):
        for resource in statement["Resource"]:
            if ":s3:::" in resource:
                assert resource.endswith("/*") == ("/" in resource)
            assert resource.count("*") <= 1
            assert resource != "*"


@names
def test_a_listing_is_always_limited_and_never_if_exists(name):
    for statement in statements(policies(name)):
        assert "IfExists" not in canonical.document(statement)
        if "s3:ListBucket" in statement["Action"]:
            assert statement["Action"] == ["s3:ListBucket"]
            prefixes = statement["Condition"]["StringLike"]["s3:prefix"]
            assert prefixes
            assert all(prefix.endswith("/*") for prefix in prefixes)


@names
def test_a_key_is_used_through_s3_alone_by_those_who_open_objects(name):
    for document in policies(name):
        verbs = {a for s in document["Statement"] for a in s["Action"]}
        keys = [s for s in document["Statement"] if any("kms:" in a for a in s["Action"])]
        for statement in keys:
            assert statement["Condition"]["StringEquals"] == {
                "kms:ViaService": ["s3.eu-west-1.amazonaws.com"]
            }
            assert "s3:GetObject" in verbs
            assert ("kms:GenerateDataKey" in verbs) == ("s3:PutObject" in verbs)


def test_the_collector_needs_no_key():
    made, access = example("irsa")
    (document,) = identity.policies(made, role(access, "collector"))
    assert [s["Sid"] for s in document["Statement"]] == ["Delete", "List"]


@pytest.mark.parametrize(
    ("key", "resource", "alias"),
    [
        ("alias/artifacts", "arn:aws:kms:eu-west-1:111122223333:key/*", ["alias/artifacts"]),
        (
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            None,
        ),
        (
            "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-west-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            None,
        ),
    ],
)
def test_a_key_is_named_as_the_file_names_it(key, resource, alias):
    made, access = on_aws({"default": store("irsa", encryption={"kms": {"key": key}})})
    (document,) = identity.policies(made, role(access, "executor"))
    statement = document["Statement"][-1]
    assert statement["Resource"] == [resource]
    condition = statement["Condition"].get("ForAnyValue:StringEquals")
    assert condition == (None if alias is None else {"kms:ResourceAliases": alias})


def test_the_region_may_be_asked_for_only_by_choice_and_on_the_bucket_alone():
    for choice, expected in ((False, []), (True, ["arn:aws:s3:::artifacts"])):
        made, access = on_aws({"default": store("irsa", regionDiscovery=choice)})
        for one in access.aws.roles:
            (document,) = identity.policies(made, one)
            found = [
                r
                for s in document["Statement"]
                if s["Action"] == ["s3:GetBucketLocation"]
                for r in s["Resource"]
            ]
            assert found == expected


def test_two_repositories_in_one_bucket_are_one_listing():
    repositories = {
        "default": store("irsa"),
        "again": store("irsa", bucket={"name": "artifacts", "ownership": "use"}),
    }
    made, access = on_aws(repositories, tenants={"team-a": {"repositories": ["default", "again"]}})
    (document,) = identity.policies(made, role(access, "executor"))
    assert [s["Sid"] for s in document["Statement"]] == ["ReadWrite", "List"]
    assert document["Statement"][1]["Condition"]["StringLike"]["s3:prefix"] == ["prod/team-a/*"]


@names
def test_a_trust_names_one_kind_of_principal_with_a_condition_and_no_wildcard(name):
    made, access = example(name)
    for one in access.aws.roles:
        (statement,) = trust.trust(made, one)["Statement"]
        text = canonical.document(statement)
        assert "*" not in text
        assert "StringLike" not in text
        assert len(statement["Principal"]) == 1
        assert statement["Condition"]


@names
def test_a_web_identity_has_an_exact_subject_and_audience(name):
    made, access = example(name)
    for one in access.aws.roles:
        (statement,) = trust.trust(made, one)["Statement"]
        if "Federated" in statement["Principal"]:
            assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
            (operator,) = statement["Condition"]
            assert operator == "StringEquals"
            host = made.cluster.oidc.host
            assert set(statement["Condition"][operator]) == {f"{host}:aud", f"{host}:sub"}
            assert statement["Condition"][operator][f"{host}:aud"] == ["sts.amazonaws.com"]


def test_trust_policies_as_sts_reads_them():
    made, access = example("irsa")
    host = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
    assert trust.trust(made, role(access, "executor", "team-b")) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ServiceAccounts",
                "Effect": "Allow",
                "Principal": {
                    "Federated": [f"arn:aws:iam::111122223333:oidc-provider/{host}"],
                },
                "Action": ["sts:AssumeRoleWithWebIdentity"],
                "Condition": {
                    "StringEquals": {
                        f"{host}:aud": ["sts.amazonaws.com"],
                        f"{host}:sub": [
                            "system:serviceaccount:team-b:etl",
                            "system:serviceaccount:team-b:ml",
                        ],
                    }
                },
            }
        ],
    }
    made, access = example("pod-identity")
    (statement,) = trust.trust(made, role(access, "server"))["Statement"]
    assert statement["Principal"] == {"Service": ["pods.eks.amazonaws.com"]}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": ["arn:aws:eks:eu-west-1:111122223333:cluster/prod-eu"],
        "aws:RequestTag/kubernetes-namespace": ["argo"],
        "aws:RequestTag/kubernetes-service-account": ["argo-server"],
    }


def test_a_policy_as_iam_reads_it():
    made, access = example("pod-identity")
    (document,) = identity.policies(made, role(access, "executor", "team-c"))
    own = "${aws:PrincipalTag/eks-cluster-name}/${aws:PrincipalTag/kubernetes-namespace}"
    bucket_arn = "arn:aws:s3:::acme-argo-artifacts"
    uploads = "uploads/${aws:PrincipalTag/kubernetes-namespace}"
    assert document["Statement"] == [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": [f"{bucket_arn}/{uploads}/*"],
        },
        {
            "Sid": "ReadWrite",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            "Resource": [f"{bucket_arn}/{own}/*"],
        },
        {
            "Sid": "List",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": [bucket_arn],
            "Condition": {"StringLike": {"s3:prefix": [f"{own}/*", f"{uploads}/*"]}},
        },
        {
            "Sid": "Key",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": ["arn:aws:kms:eu-west-1:111122223333:key/*"],
            "Condition": {
                "StringEquals": {"kms:ViaService": ["s3.eu-west-1.amazonaws.com"]},
                "ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/artifacts"]},
            },
        },
    ]


def test_a_bucket_refuses_old_transport_whoever_asks():
    document = bucket.policy("aws-cn", "artifacts", "1.3")
    assert [s["Sid"] for s in document["Statement"]] == ["DenyInsecureTransport", "DenyOldTLS"]
    for statement in document["Statement"]:
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert statement["Resource"] == ["arn:aws-cn:s3:::artifacts", "arn:aws-cn:s3:::artifacts/*"]
    assert document["Statement"][1]["Condition"] == {"NumericLessThan": {"s3:TlsVersion": ["1.3"]}}


def test_a_new_keys_policy_lets_nobody_open_data_but_through_s3():
    made, _ = example("irsa")
    administer, use = kms.key_policy(made.aws, "eu-west-1")["Statement"]
    assert not {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"} & set(administer["Action"])
    assert "kms:PutKeyPolicy" in administer["Action"]
    assert use["Condition"] == {"StringEquals": {"kms:ViaService": ["s3.eu-west-1.amazonaws.com"]}}


@names
def test_a_document_read_and_written_again_is_the_same_text_in_iams_characters(name):
    made, access = example(name)
    for document in aws_documents(made, access, None):
        text = canonical.document(document.content)
        assert canonical.document(json.loads(text)) == text
        assert re.fullmatch(r"[\t\n\r\x20-\xff]+", text)
        assert " " not in text


@names
def test_sids_are_letters_and_digits_and_stand_once(name):
    made, access = example(name)
    for document in aws_documents(made, access, None):
        sids = [statement["Sid"] for statement in document.content["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(re.fullmatch("[0-9A-Za-z]+", sid) for sid in sids)


@names
def test_the_deployer_has_no_wildcard_action_and_each_is_explained(name):
    made, access = example(name)
    groups = [v for v in vars(deployer).values() if isinstance(v, dict)]
    known = {action for group in (*groups, kms.ADMINISTER) for action in group if ":" in action}
    known |= {deployer.HAND_OVER}
    for account in deployer.accounts(made, access):
        for statement in deployer.policy(made, access, account)["Statement"]:
            assert set(statement["Action"]) <= known
            assert not any("*" in action for action in statement["Action"])


def test_the_deployer_makes_roles_only_under_their_path_cluster_and_boundary():
    made, access = example("irsa")
    (account,) = deployer.accounts(made, access)
    found = {s["Sid"]: s for s in deployer.policy(made, access, account)["Statement"]}
    assert set(found) == {
        "Buckets",
        "Roles",
        "RoleRights",
        "Provider",
        "MakeKeys",
        "FindKeys",
        "Keys",
        "Aliases",
    }
    assert found["RoleRights"]["Resource"] == ["arn:aws:iam::111122223333:role/argo/prod-eu.*"]
    assert found["RoleRights"]["Condition"] == {
        "StringEquals": {
            "iam:PermissionsBoundary": ["arn:aws:iam::111122223333:policy/argo-boundary"]
        }
    }
    for one in access.aws.roles:
        assert one.arn.startswith(found["Roles"]["Resource"][0].removesuffix("*"))


def test_the_deployer_of_the_clusters_account_makes_roles_there_and_no_bucket():
    made, access = example("assume-role")
    assert deployer.accounts(made, access) == ("111122223333", "444455556666")
    sids = {
        account: [s["Sid"] for s in deployer.policy(made, access, account)["Statement"]]
        for account in deployer.accounts(made, access)
    }
    assert sids == {
        "111122223333": ["Buckets", "Roles", "RoleRights"],
        "444455556666": ["Roles", "RoleRights", "Provider"],
    }


def test_nothing_is_made_where_roles_are_handed_over():
    eks = {"name": "prod", "account": "444455556666"}
    handed = store("assumeRole", assumeRole={"handOver": True})
    made, access = on_aws({"default": handed}, cluster=CLUSTER | {"eks": eks})
    assert deployer.accounts(made, access) == (AWS["account"],)
    goes = [d.goes for d in aws_documents(made, access, None) if d.kind == "IAM trust policy"]
    assert sum("account 444455556666, handed over to whoever keeps it" in g for g in goes) == 4


def test_one_tenants_documents_are_shown_alone():
    made, access = example("irsa")
    found = list(aws_documents(made, access, "team-b"))
    assert {d.name.partition(".")[2].rpartition(".")[0] for d in found} == {
        "server",
        "team-b.executor",
    }


def test_a_stack_without_aws_has_none_of_its_documents():
    made, access = on_aws({"default": {"minio": {"endpoint": "m", "bucket": {"name": "art"}}}})
    assert access.aws is None
    assert list(aws_documents(made, access, None)) == []


def test_a_role_that_pods_tags_reach_is_let_carry_them_on():
    """Pod Identity's tags go on to the next role, and that takes a right on both sides."""
    for base, actions in (
        ("irsa", ["sts:AssumeRole"]),
        ("podIdentity", ["sts:AssumeRole", "sts:TagSession"]),
    ):
        made, access = on_aws({"default": store("assumeRole", assumeRole={"base": base})})
        entry, own = role(access, "entry"), role(access, "executor")
        (trusting,) = trust.trust(made, entry)["Statement"]
        assert trusting["Action"] == actions
        (document,) = identity.policies(made, own)
        assert document["Statement"] == [
            {"Sid": "Assume", "Effect": "Allow", "Action": actions, "Resource": [entry.arn]}
        ]


def test_a_bucket_that_locks_and_logs_is_the_deployers_too_and_the_plan_says_what_that_means():
    kept = {
        "name": "artifacts",
        "versioning": True,
        "objectLock": {"days": 30, "mode": "COMPLIANCE"},
        "accessLog": {"bucket": "logs", "prefix": "artifacts/"},
    }
    made, access = on_aws({"default": store("irsa", bucket=kept)})
    found = {s["Sid"]: s for s in deployer.policy(made, access, AWS["account"])["Statement"]}
    assert found["ObjectLock"]["Action"] == ["s3:PutBucketObjectLockConfiguration"]
    assert found["AccessLog"]["Action"] == ["s3:PutBucketLogging"]
    (note,) = [n.text for n in access.notes if n.topic == "collection" and n.about == "default"]
    assert "each version stays and is paid for 30 days; nobody can end that" in note


@pytest.mark.parametrize("command", ["plan", "documents"])
@names
def test_plan_and_documents_take_every_example(name, command):
    said = run(command, "--stack", f"aws-{name}")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout
