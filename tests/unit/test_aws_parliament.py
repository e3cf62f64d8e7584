"""``parliament``, a linter of others for IAM policies, finds nothing in what we write.

It is not asked for trust policies, where it knows no OIDC provider and misses a Resource, nor for
key policies, where the Resource is the key itself.
"""

from __future__ import annotations

import re
import warnings

import pytest

from argo_artifacts.cli.aws_documents import aws_documents
from argo_artifacts.documents import canonical
from argo_artifacts.documents.aws import identity
from tests.unit.aws_stacks import EXAMPLES, example, on_aws, store

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its way to its own data is deprecated
    from parliament import analyze_policy_string

NAMES = [file.stem.removeprefix("Pulumi.aws-") for file in EXAMPLES]
names = pytest.mark.parametrize("name", NAMES)


def findings(document: dict) -> set[tuple[str, str]]:
    """What it says of *document* in a session, as issue and detail."""
    text = re.sub(r"\$\{aws:PrincipalTag/([a-z-]+)\}", r"\1", canonical.document(document))
    text = re.sub(r'\["([^"]*)"\]', r'"\1"', text)  # it reads no list of truth values
    text = re.sub(r'"(\d)\.\d"', r'"\1"', text)  # and no number with a point
    return {(f.issue, str(f.detail)) for f in analyze_policy_string(text).findings} - OLD


OLD = {
    ("UNKNOWN_CONDITION_FOR_ACTION", f"Unknown condition {key} for action {action}")
    for key, action in (
        ("kms:ResourceAliases", "kms:Decrypt"),
        ("kms:ResourceAliases", "kms:GenerateDataKey"),
        ("s3:TlsVersion", "s3:InitiateReplication"),
        ("s3:TlsVersion", "s3:PutAccessPointPublicAccessBlock"),
    )
}
"""What its table of 2025 does not know, or nobody calls; the second judge's does."""


def of_kinds(made, access, *kinds: str) -> dict[str, dict]:
    return {f"{d.kind} {d.goes}": d.content for d in documents(made, access) if d.kind in kinds}


def documents(made, access):
    return aws_documents(made, access, None)


WRITTEN = ("IAM policy", "IAM user policy", "Bucket policy")


@names
def test_it_finds_nothing_in_what_is_written(name):
    found = of_kinds(*example(name), *WRITTEN)
    assert {title: said for title, one in found.items() if (said := findings(one))} == {}
    assert found or name == "node"


def test_it_finds_nothing_in_policies_of_several_chunks_and_regions():
    made, access = on_aws(
        {
            "default": store("irsa", regionDiscovery=True),
            "models": store("irsa", bucket={"name": "models"}, region="us-east-1"),
        },
        tenants={f"tenant-{n:03}": {"repositories": ["default", "models"]} for n in range(120)},
    )
    (server,) = [role for role in access.aws.roles if role.purpose == "server"]
    found = identity.policies(made, server)
    assert len(found) > 2
    assert [said for document in found if (said := findings(document))] == []


NOT_HARMLESS = {
    "MISMATCHED_TYPE_BUT_USABLE",  # iam:PermissionsBoundary is text in AWS's own examples
    "RESOURCE_MISMATCH",  # of an alias and of its key, which stand in statements apart
    "RESOURCE_POLICY_PRIVILEGE_ESCALATION",  # whoever writes a bucket's policy can open the bucket
    "RESOURCE_STAR",  # a key that is made has no name yet; our mark is the condition
}
"""What it says of the deployer, each for a reason that the deployer's module names."""


@names
def test_of_the_deployer_it_says_only_what_the_page_of_rights_says_too(name):
    for document in of_kinds(*example(name), "Deployer's IAM policy").values():
        found = findings(document)
        assert {issue for issue, _ in found} <= NOT_HARMLESS
        mismatched = [detail for issue, detail in found if issue == "RESOURCE_MISMATCH"]
        assert all("Alias" in detail for detail in mismatched)
        starred = [detail for issue, detail in found if issue == "RESOURCE_STAR"]
        assert all(detail == "['kms:TagResource']" for detail in starred)


@pytest.mark.parametrize(
    ("change", "issue"),
    [
        ({"Action": ["s3:PutObjekt"]}, "UNKNOWN_ACTION"),
        ({"Action": ["s3:ListBucket"]}, "RESOURCE_MISMATCH"),
        ({"Condition": {"StringLike": {"s3:prefix": ["a/*"]}}}, "UNKNOWN_CONDITION_FOR_ACTION"),
    ],
)
def test_it_finds_what_is_wrong(change, issue):
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}
    document = {"Version": "2012-10-17", "Statement": [statement | change]}
    assert issue in {found for found, _ in findings(document)}
