"""Every stack file on AWS under mocks: accounts, marks, documents and what waits for what."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.access import plan
from argo_artifacts.access.inventory import count, inventory
from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.documents.aws import identity
from tests.components.golden import stack_files
from tests.harness import AWS, AWS_PARTS, ROOT, deploy, read_stack, revealed, write_kubeconfig

if TYPE_CHECKING:
    from argo_artifacts.access import AccessPlan
    from tests.harness import Registered, Run, Stack

FILES = [file for file in stack_files() if file.name.startswith("Pulumi.aws-")]

UNTAGGED = {
    "aws:iam/accessKey:AccessKey",
    "aws:s3/bucketPolicy:BucketPolicy",
    *AWS_PARTS - {"aws:iam/policy:Policy"},
}
"""What AWS puts no tags on."""

DOCUMENTS = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
}
"""Where each document goes."""


@pytest.fixture(
    scope="module", params=FILES, ids=lambda file: file.stem.removeprefix("Pulumi.aws-")
)
def deployed(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _loop: asyncio.AbstractEventLoop,
) -> tuple[Stack, Run]:
    """A stack and its run, once for all that is asked of it."""
    asyncio.set_event_loop(_loop)
    stack = read_stack(request.param, write_kubeconfig(tmp_path_factory.mktemp("kubeconfig")))
    with contextlib.chdir(ROOT):
        return stack, deploy(stack)


def _on_aws(run: Run) -> list[Registered]:
    return [r for r in run.resources.values() if r.type in AWS | AWS_PARTS]


def _planned(stack: Stack) -> AccessPlan:
    return plan(stack.settings())


def test_there_is_a_stack_for_each_identity():
    assert [file.stem.removeprefix("Pulumi.aws-") for file in FILES] == [
        "access-grants",
        "access-keys",
        "assume-role-session",
        "assume-role",
        "irsa",
        "node",
        "pod-identity-per-tenant",
        "pod-identity",
    ]


def test_each_account_has_its_own_provider_that_no_other_account_gets_past(deployed):
    stack, run = deployed
    own = "111122223333"
    providers = {r.name: r for r in run.all("aws")}
    used = {r.provider for r in _on_aws(run)}
    assert set(providers) == used
    for name, provider in providers.items():
        account = own if name == "aws" else name.removeprefix("aws-")
        assert json.loads(str(provider.inputs["allowedAccountIds"])) == [account]
        assert provider.inputs["region"] == "eu-west-1"
        assert "defaultTags" not in provider.inputs
        roles = json.loads(str(provider.inputs.get("assumeRoles", "[]")))
        assert all(f"::{account}:role/" in role["roleArn"] for role in roles)
    planned = _planned(stack).aws
    assert planned is not None
    accounts = {role.name: role.account for role in planned.roles}
    for resource in _on_aws(run):
        role = str(resource.inputs.get("role", resource.place))
        account = accounts.get(role, own)
        assert resource.provider == ("aws" if account == own else f"aws-{account}"), resource.urn


def test_everything_that_takes_tags_carries_the_mark_and_the_tags_of_the_file(deployed):
    stack, run = deployed
    settings = stack.settings()
    assert settings.aws is not None
    wanted = {**settings.aws.tags, OWNER_MARK: f"argo-artifacts/{stack.name}"}
    for resource in _on_aws(run):
        found = resource.inputs.get("tags")
        assert found == (None if resource.type in UNTAGGED else wanted), resource.urn


def test_a_document_is_readable_before_anything_exists(deployed):
    _, run = deployed
    for resource in _on_aws(run):
        if resource.type in DOCUMENTS:
            name = DOCUMENTS[resource.type]
            assert name not in resource.sources, resource.urn
            document = json.loads(str(resource.inputs[name]))
            assert document["Statement"], resource.urn


def test_an_entry_waits_for_bucket_roles_and_all_that_binds_them_and_for_no_neighbour(deployed):
    stack, run = deployed
    settings, access = stack.settings(), _planned(stack)
    assert access.aws is not None
    for tenant in settings.tenants:
        entry = run.one("ConfigMap", f"{tenant}/artifact-repositories")
        waits = {run.resources[urn].name for urn in entry.depends_on}
        buckets = {s.bucket for s in access.stores if s.managed and tenant in s.tenants}
        made = [r for r in access.aws.roles if not r.handed_over]
        roles = {role.name for role in made if tenant in role.tenants}
        users = {user.name for user in access.aws.users if user.tenant == tenant}
        assert buckets | roles | users <= waits
        before = {(r.kind, r.name) for r in map(run.resources.__getitem__, entry.depends_on)}
        for bucket in buckets:
            assert {("Bucket", bucket), ("BucketPolicy", bucket)} <= before
        for role in roles:
            assert {("Role", role), ("RolePolicy", role)} <= before
        for user in users:
            assert {("User", user), ("UserPolicy", user), ("AccessKey", user)} <= before
        bound = {r.name for r in run.all("PodIdentityAssociation")}
        own = {name for name in bound if name.startswith((f"{tenant}/", "argo/"))}
        assert {name for kind, name in before if kind == "PodIdentityAssociation"} == own
        grants = {r.name for r in run.all("AccessGrant")}
        own = {name for name in grants if name.startswith(f"{tenant}/")}
        assert {name for kind, name in before if kind == "AccessGrant"} == own


def test_a_service_account_of_ours_names_its_role_where_its_token_opens_it(deployed):
    stack, run = deployed
    settings, access = stack.settings(), _planned(stack)
    by_token = {"irsa", "assumeRole"} & {
        s3.ambient or "" if s3.ambient != "irsa" else s3.identity
        for r in settings.repositories.values()
        if (s3 := r.s3) is not None
    }
    named = {
        r.place: r.metadata["annotations"].get("eks.amazonaws.com/role-arn")
        for r in run.all("ServiceAccount")
    }
    assert any(named.values()) == bool(by_token)
    assert access.aws is not None
    arns = {role.arn for role in access.aws.roles}
    for place, arn in named.items():
        namespace, _, account = place.partition("/")
        actor = "collector" if account == "artifact-gc" else "executor"
        if arn is not None:
            assert arn in arns
            assert f"prod-eu.{namespace}.{actor}." in arn


def test_a_session_is_nobodys_until_its_refresher_writes_it(deployed):
    stack, run = deployed
    access = _planned(stack)
    fresh = {
        f"{c.tenant}/{c.secret.name}"
        for c in access.credentials
        if c.secret.session_token is not None
    }
    for secret in run.all("Secret"):
        if secret.place in fresh:
            assert secret.ignore_changes == ["data", "stringData"]
            assert not {"data", "stringData"} & set(secret.inputs)
        else:
            assert secret.ignore_changes == []
            assert set(revealed(secret.inputs["data"])) == {"accessKey", "secretKey"}
    assert {s.place for s in run.all("Secret")} == {
        f"{c.tenant}/{c.secret.name}" for c in access.credentials
    }


GUARDED = {
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:iam/user:User",
    "aws:s3control/accessGrantsInstance:AccessGrantsInstance",
}
"""Identities whose names may be taken."""


def test_an_identity_whose_name_may_be_taken_is_guarded_in_its_account(deployed):
    _, run = deployed
    for resource in _on_aws(run):
        if resource.type.startswith(("aws:kms/", "aws:s3/")):  # buckets have a guard of their own
            continue
        account = resource.provider.removeprefix("aws").removeprefix("-") or "111122223333"
        hooks = {"before_create": [f"identity-{account}"]} if resource.type in GUARDED else {}
        assert resource.hooks == hooks, resource.urn


def test_as_many_roles_and_policies_are_made_as_the_plan_has(deployed):
    stack, run = deployed
    settings, access = stack.settings(), _planned(stack)
    assert access.aws is not None
    made = [role for role in access.aws.roles if not role.handed_over]
    documents = [document for role in made for document in identity.policies(settings, role)]
    roles = [r for r in run.all("Role") if r.type in AWS]
    assert len(roles) == len(made) == count(inventory(settings, access)).get("IAM role", 0)
    assert len([*run.all("RolePolicy"), *run.all("Policy")]) == len(documents)
    assert len(run.all("User")) == len(access.aws.users)
