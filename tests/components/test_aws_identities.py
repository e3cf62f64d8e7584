"""Identities on AWS under mocks: what is refused, taken over, split and counted."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from pulumi import RunError
from pulumi.resource_hooks import ResourceHookArgs
from pulumi.runtime import mocks

from argo_artifacts.access import plan
from argo_artifacts.access.inventory import count, inventory
from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.config import ConfigError
from argo_artifacts.documents.aws import identity
from components.aws import identity_guard, needs
from components.aws.identity_guard import IdentityGuard
from components.aws.needs import Needs
from tests.components.small import config
from tests.harness import Stack, deploy, logged_in, stand_issuer, with_canaries
from tests.unit.aws_stacks import CLUSTER, on_aws, store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.harness import Run

ACCOUNT: Final = "111122223333"
ISSUER: Final = "https://oidc.example.com/prod"
ARN: Final = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com/prod"


@pytest.fixture
def aws() -> Iterator[None]:
    """AWS, empty, logged in to our account."""
    with logged_in(ACCOUNT):
        yield


def stack(kubeconfig: Path, *, repository: dict, **changes) -> Stack:
    """A stack on AWS with a cluster that EKS and an issuer know."""
    cluster = {"name": "prod", "kubeconfig": str(kubeconfig), "eks": {"name": "prod"}}
    given = {
        "cluster": cluster | {"oidc": {"issuer": ISSUER}},
        "aws": {"account": ACCOUNT, "region": "eu-west-1"} | changes.pop("aws", {}),
        "repositories": {"default": repository},
    }
    return with_canaries(Stack(name="small", config=config(kubeconfig, **given, **changes)))


def client():
    """A client of IAM, logged in as now."""
    return boto3.Session().client("iam")


# What stands already


def asked(kind: str, inputs: Mapping[str, object]) -> str | None:
    """What the hook says before a resource is created."""
    settings, _ = on_aws({"default": store("irsa")})
    made: list[IdentityGuard] = []
    mocks.set_mocks(Nothing())

    @mocks.test
    def run() -> None:
        made.append(IdentityGuard(settings, ACCOUNT, boto3.Session(region_name="eu-west-1")))

    run()
    (hook,) = made[0].hooks().before_create
    assert hook.opts.on_dry_run
    answer = hook(ResourceHookArgs("urn", "", "x", f"aws:some/thing:{kind}", new_inputs=inputs))
    try:
        asyncio.get_event_loop().run_until_complete(answer)
    except RunError as error:
        return str(error)
    return None


class Nothing(mocks.Mocks):
    """No resource and no invoke is asked for."""

    def new_resource(self, args):
        raise NotImplementedError(args.typ)

    def call(self, args):
        raise NotImplementedError(args.token)


MARKS: Final = [
    ([], "exists without a mark"),
    ([{"Key": OWNER_MARK, "Value": "argo-artifacts/other"}], "belongs to argo-artifacts/other"),
    (
        [{"Key": OWNER_MARK, "Value": "argo-artifacts/test"}],
        "is marked as ours but the state does not know it",
    ),
]
marks = pytest.mark.parametrize(("tags", "found"), MARKS, ids=["none", "another's", "ours"])


@marks
@pytest.mark.usefixtures("aws")
def test_a_role_that_stands_is_refused_in_one_line(tags, found):
    assert asked("Role", {"name": "prod.x"}) is None
    client().create_role(RoleName="prod.x", AssumeRolePolicyDocument="{}", Tags=tags)
    assert asked("Role", {"name": "prod.x"}) == (
        f"IAM role prod.x of account {ACCOUNT}: {found}, none is accepted; remove its policies and"
        " `aws iam delete-role --role-name prod.x`"
    )


@pytest.mark.usefixtures("aws")
def test_a_user_or_a_policy_that_stands_is_refused_in_one_line():
    iam = client()
    policy = {"name": "prod.x.1", "path": "/argo/"}
    assert asked("User", {"name": "prod.x"}) is None
    assert asked("Policy", policy) is None
    iam.create_user(UserName="prod.x")
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
    iam.create_policy(PolicyName="prod.x.1", Path="/argo/", PolicyDocument=json.dumps(document))
    assert asked("User", {"name": "prod.x"}) == (
        f"IAM user prod.x of account {ACCOUNT}: exists without a mark, none is accepted; remove its"
        " keys and policies and `aws iam delete-user --user-name prod.x`"
    )
    assert asked("Policy", policy) == (
        f"IAM policy prod.x.1 of account {ACCOUNT}: exists without a mark, none is accepted; detach"
        f" it and `aws iam delete-policy --policy-arn arn:aws:iam::{ACCOUNT}:policy/argo/prod.x.1`"
    )


@pytest.mark.usefixtures("aws")
def test_an_issuer_that_stands_is_refused_with_the_two_ways_out():
    url = "https://oidc.eks.eu-west-1.amazonaws.com/id/A1B2C3"
    assert asked("OpenIdConnectProvider", {"url": url}) is None
    stand_issuer(url, ACCOUNT)
    assert asked("OpenIdConnectProvider", {"url": url}) == (
        f"OIDC provider {url} of account {ACCOUNT}: exists without a mark, none is accepted; set"
        " argo-artifacts:aws.oidcProvider to adopt to take it over, or to use to leave it alone"
    )


class Service:
    """A service of AWS that gives one answer to each call, as moto cannot."""

    def __init__(self, **answers: object) -> None:
        self._answers = answers

    def __getattr__(self, call: str):
        def answer(**_: object) -> object:
            found = self._answers[call]
            if isinstance(found, str):
                raise ClientError({"Error": {"Code": found, "Message": found}}, call)
            return found

        return answer


ASSOCIATION: Final = {
    "clusterName": "prod",
    "namespace": "team-a",
    "serviceAccount": "etl",
    "region": "eu-west-1",
}


@pytest.mark.usefixtures("aws")
def test_a_service_account_that_is_bound_already_is_refused_in_one_line(monkeypatch):
    none = Service(list_pod_identity_associations={"associations": []})
    monkeypatch.setattr(identity_guard, "client", lambda *_: none)
    assert asked("PodIdentityAssociation", ASSOCIATION) is None
    bound = Service(
        list_pod_identity_associations={"associations": [{"associationId": "a-1"}]},
        describe_pod_identity_association={"association": {"tags": {}}},
    )
    monkeypatch.setattr(identity_guard, "client", lambda *_: bound)
    assert asked("PodIdentityAssociation", ASSOCIATION) == (
        "Pod Identity association of team-a/etl in cluster prod: exists without a mark, none is"
        " accepted; a service account has one; remove it with `aws eks"
        " delete-pod-identity-association --cluster-name prod --association-id a-1`"
    )


@pytest.mark.usefixtures("aws")
def test_an_instance_that_stands_is_refused_with_the_way_out(monkeypatch):
    stands = Service(
        get_access_grants_instance={"AccessGrantsInstanceArn": "arn"},
        list_tags_for_resource={"Tags": [{"Key": OWNER_MARK, "Value": "argo-artifacts/other"}]},
    )
    monkeypatch.setattr(identity_guard, "client", lambda *_: stands)
    assert asked("AccessGrantsInstance", {"region": "eu-west-1"}) == (
        f"S3 Access Grants instance of account {ACCOUNT} in eu-west-1: belongs to"
        " argo-artifacts/other, none is accepted; a region has one; set accessGrants.instance to"
        " use"
    )


@pytest.mark.usefixtures("aws")
def test_what_cannot_be_read_is_left_to_its_creation(monkeypatch):
    refused = Service(get_role="AccessDenied")
    monkeypatch.setattr(identity_guard, "client", lambda *_: refused)
    assert asked("Role", {"name": "prod.x"}) is None


# What others keep


def refused(given: Stack) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        deploy(given, aws=False)
    return list(caught.value.faults)


@pytest.mark.usefixtures("aws")
def test_roles_are_not_made_for_an_issuer_that_the_account_does_not_know(kubeconfig):
    given = stack(kubeconfig, repository=store("irsa"))
    (line,) = refused(given)
    assert line == (
        f"argo-artifacts:aws.oidcProvider: account {ACCOUNT} has no OIDC provider of {ISSUER}, one"
        " is required with 'use'; set it to create, or let who keeps the account make it"
    )
    stand_issuer(ISSUER, ACCOUNT, audience="other")
    (line,) = refused(given)
    assert line == (
        f"argo-artifacts:aws.oidcProvider: the OIDC provider of {ISSUER} in account {ACCOUNT} does"
        " not accept 'sts.amazonaws.com', that audience is required; `aws iam"
        " add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn"
        f" {ARN} --client-id sts.amazonaws.com`"
    )


def look(repository: dict, service: Service, monkeypatch) -> Needs:
    """What is looked for where every service of AWS answers as *service*."""
    monkeypatch.setattr(needs, "client", lambda *_: service)
    settings, access = on_aws({"default": repository}, cluster=CLUSTER)
    return Needs(settings, settings.aws, access.aws, {ACCOUNT: boto3.Session()})


def test_the_missing_agent_of_pod_identity_is_told_with_its_cure(monkeypatch):
    stands = Service(describe_addon={"addon": {}})
    assert list(look(store("podIdentity"), stands, monkeypatch).warnings()) == []
    missing = Service(describe_addon="ResourceNotFoundException")
    (line,) = look(store("podIdentity"), missing, monkeypatch).warnings()
    assert line == (
        "EKS cluster prod in eu-west-1: the add-on eks-pod-identity-agent is missing, without it"
        " no pod gets its role (EKS Auto Mode has it built in); `aws eks create-addon"
        " --cluster-name prod --addon-name eks-pod-identity-agent --region eu-west-1`"
    )
    denied = Service(describe_addon="AccessDeniedException")
    (line,) = look(store("podIdentity"), denied, monkeypatch).warnings()
    assert line == (
        "EKS cluster prod in eu-west-1: AWS refused describe_addon (AccessDeniedException), so"
        " eks-pod-identity-agent was not looked for"
    )
    assert list(look(store("irsa"), missing, monkeypatch).warnings()) == []


def test_a_warning_is_said_and_stops_nothing(kubeconfig, caplog):
    with caplog.at_level(logging.WARNING):
        deploy(stack(kubeconfig, repository=store("podIdentity")))
    (line,) = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert line == (  # what moto says of an add-on
        "EKS cluster prod in eu-west-1: AWS refused DescribeAddon (404), so eks-pod-identity-agent"
        " was not looked for"
    )


def test_grants_are_not_made_without_the_instance_that_others_keep(monkeypatch):
    absent = Service(get_access_grants_instance="AccessGrantsInstanceNotExistsError")
    (line,) = look(store("accessGrants"), absent, monkeypatch).instances()
    assert line == (
        "argo-artifacts:repositories.default.s3.accessGrants.instance: account 111122223333 has no"
        " S3 Access Grants instance in eu-west-1, one is required with 'use'; set it to create"
    )
    stands = Service(get_access_grants_instance={})
    assert list(look(store("accessGrants"), stands, monkeypatch).instances()) == []
    ours = store("accessGrants", accessGrants={"instance": "create"})
    assert list(look(ours, absent, monkeypatch).instances()) == []


@pytest.mark.usefixtures("aws")
def test_an_issuer_is_adopted_with_the_audiences_and_tags_of_others(kubeconfig):
    given = stack(kubeconfig, repository=store("irsa"), aws={"oidcProvider": "adopt"})
    (made,) = deploy(given, aws=False).all("OpenIdConnectProvider")
    assert (made.import_id, made.retain_on_delete) == ("", False)  # there is none yet
    stand_issuer(ISSUER, ACCOUNT, audience="other")
    iam = client()
    iam.tag_open_id_connect_provider(
        OpenIDConnectProviderArn=ARN, Tags=[{"Key": "by", "Value": "others"}]
    )
    (adopted,) = deploy(given, aws=False).all("OpenIdConnectProvider")
    assert (adopted.import_id, adopted.retain_on_delete) == (ARN, True)
    assert adopted.inputs["clientIdLists"] == ["other", "sts.amazonaws.com"]
    assert adopted.inputs["tags"] == {"by": "others", OWNER_MARK: "argo-artifacts/small"}
    (known,) = deploy(given, aws=False, state=[adopted.urn]).all("OpenIdConnectProvider")
    assert (known.import_id, known.retain_on_delete) == ("", True)
    assert known.inputs == adopted.inputs


@pytest.mark.usefixtures("aws")
def test_an_issuer_of_another_stack_is_not_adopted(kubeconfig):
    stand_issuer(ISSUER, ACCOUNT)
    client().tag_open_id_connect_provider(
        OpenIDConnectProviderArn=ARN, Tags=[{"Key": OWNER_MARK, "Value": "argo-artifacts/other"}]
    )
    given = stack(kubeconfig, repository=store("irsa"), aws={"oidcProvider": "adopt"})
    (line,) = refused(given)
    assert line == (
        f"argo-artifacts:aws.oidcProvider: {ARN} belongs to argo-artifacts/other, none or one"
        " marked argo-artifacts/small is accepted; set it to use"
    )


# Accounts


def abroad(kubeconfig: Path, *, hand_over: bool = False) -> Stack:
    """A cluster in another account than the bucket."""
    there = {"roleARN": "arn:aws:iam::444455556666:role/deployer", "externalID": "xyz"}
    eks = {"name": "prod", "account": "444455556666"}
    cluster = {"name": "prod", "kubeconfig": str(kubeconfig), "oidc": {"issuer": ISSUER}}
    given = config(
        kubeconfig,
        cluster=cluster | {"eks": eks if hand_over else eks | {"assumeRole": there}},
        aws={"account": ACCOUNT, "region": "eu-west-1", "oidcProvider": "create"},
        repositories={"default": store("assumeRole", assumeRole={"handOver": hand_over})},
    )
    return Stack(name="small", config=given)


def owners(run: Run) -> set[tuple[str, str]]:
    """Kind and provider of each role, by its actor, and of each issuer."""
    roles = {(r.name.split(".")[-2], r.provider) for r in run.all("Role") if "." in r.name}
    return roles | {(r.kind, r.provider) for r in run.all("OpenIdConnectProvider")}


def test_roles_of_the_cluster_s_account_are_made_there(kubeconfig):
    run = deploy(abroad(kubeconfig))
    assert owners(run) == {
        ("collector", "aws-444455556666"),
        ("entry", "aws"),
        ("executor", "aws-444455556666"),
        ("server", "aws-444455556666"),
        ("OpenIdConnectProvider", "aws-444455556666"),
    }
    (provider,) = [r for r in run.all("aws") if r.name != "aws"]
    assert json.loads(str(provider.inputs["assumeRoles"])) == [
        {"roleArn": "arn:aws:iam::444455556666:role/deployer", "externalId": "xyz"}
    ]


def test_roles_that_are_handed_over_are_not_made_and_the_account_is_not_asked(kubeconfig):
    given = abroad(kubeconfig, hand_over=True)
    run = deploy(given)
    assert owners(run) == {("entry", "aws")}
    assert [r.name for r in run.all("aws")] == ["aws"]
    accounts = run.all("ServiceAccount")
    assert len(accounts) == 2
    for account in accounts:
        role = "eks.amazonaws.com/role-arn': 'arn:aws:iam::444455556666:role/prod."
        assert role in str(account.metadata["annotations"])
    settings = given.settings()
    kinds = count(inventory(settings, plan(settings)))
    assert "OIDC provider" not in kinds
    assert kinds["IAM role"] == len(owners(run))


# Sizes


def test_policies_that_do_not_fit_inline_are_managed_ones_and_attached(kubeconfig):
    tenants = {f"tenant-{'x' * 30}-{number:02}": {} for number in range(40)}
    bucket = {"name": "artifacts", "ownership": "use"}
    given = stack(
        kubeconfig,
        repository=store("irsa", bucket=bucket, isolation="bucket"),
        aws={"oidcProvider": "create", "path": "/argo/"},
        tenants=tenants,
    )
    settings = given.settings()
    access = plan(settings)
    assert access.aws is not None
    (server,) = [role for role in access.aws.roles if role.purpose == "server"]
    documents = identity.policies(settings, server)
    assert len(documents) > 1
    run = deploy(given)
    policies = {r.name: r for r in run.all("Policy")}
    assert sorted(policies) == [f"{server.name}.{n}" for n in range(1, len(documents) + 1)]
    for number, document in enumerate(documents, start=1):
        made = policies[f"{server.name}.{number}"]
        assert json.loads(str(made.inputs["policy"])) == document
        assert made.inputs["path"] == "/argo/"
        assert made.hooks == {"before_create": [f"identity-{ACCOUNT}"]}
    attached = {r.name: r for r in run.all("RolePolicyAttachment")}
    assert set(attached) == set(policies)
    assert {r.inputs["role"] for r in attached.values()} == {server.name}
    assert server.name not in {r.name for r in run.all("RolePolicy")}
    entry = run.one("ConfigMap", f"{next(iter(tenants))}/artifact-repositories")
    assert {r.urn for r in (*policies.values(), *attached.values())} <= entry.depends_on
