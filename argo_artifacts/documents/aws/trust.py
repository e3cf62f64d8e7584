"""Trust policies: who may assume a role. No wildcard subject, and always an audience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from argo_artifacts.access.aws import ByAccessGrants, ByPods, ByRoles, ByServiceAccounts
from argo_artifacts.documents import s3

if TYPE_CHECKING:
    from argo_artifacts.access.aws import AwsRole
    from argo_artifacts.config.settings import Settings

AUDIENCE: Final = "sts.amazonaws.com"
"""Audience of the tokens, in every partition."""

POD_IDENTITY: Final = "pods.eks.amazonaws.com"
ACCESS_GRANTS: Final = "access-grants.s3.amazonaws.com"

Statement = dict[str, object]


def trust(settings: Settings, role: AwsRole) -> dict[str, object]:
    """The trust policy of *role*.

    Raises:
        KeyError: the settings lack what its kind of trust needs.
    """
    return {"Version": s3.VERSION, "Statement": [_statement(settings, role)]}


def _statement(settings: Settings, role: AwsRole) -> Statement:
    match role.trust:
        case ByServiceAccounts():
            return _service_accounts(settings, role, role.trust)
        case ByPods():
            return _pods(settings, role.trust)
        case ByRoles():
            return _roles(settings, role.trust)
        case ByAccessGrants():
            return _access_grants(role, role.trust)
        case _:
            assert_never(role.trust)


def _service_accounts(settings: Settings, role: AwsRole, trusted: ByServiceAccounts) -> Statement:
    host = issuer(settings)
    subjects = [f"system:serviceaccount:{s.namespace}:{s.name}" for s in trusted.subjects]
    return {
        "Sid": "ServiceAccounts",
        "Effect": "Allow",
        "Principal": {"Federated": [provider_arn(settings, role.account)]},
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Condition": {"StringEquals": {f"{host}:aud": [AUDIENCE], f"{host}:sub": sorted(subjects)}},
    }


def issuer(settings: Settings) -> str:
    """Host and path of the issuer of the cluster's tokens.

    Raises:
        KeyError: the settings name none.
    """
    if settings.cluster.oidc is None:
        key = "oidc"
        raise KeyError(key)
    return settings.cluster.oidc.host


def provider_arn(settings: Settings, account: str) -> str:
    """ARN of *account*'s OIDC provider for the cluster's issuer."""
    return f"arn:{_partition(settings)}:iam::{account}:oidc-provider/{issuer(settings)}"


def cluster_arn(settings: Settings) -> str:
    """ARN of the cluster in EKS.

    Raises:
        KeyError: the settings do not name it.
    """
    eks, aws = settings.cluster.eks, settings.aws
    if eks is None or aws is None:
        key = "eks"
        raise KeyError(key)
    region, account = eks.region or aws.region, eks.account or aws.account
    return f"arn:{aws.in_partition}:eks:{region}:{account}:cluster/{eks.name}"


def _partition(settings: Settings) -> str:
    return settings.aws.in_partition if settings.aws else "aws"


def _pods(settings: Settings, trusted: ByPods) -> Statement:
    """EKS tags each session with the cluster, the namespace and the service account."""
    tags = {"eks-cluster-arn": [cluster_arn(settings)]}
    if trusted.namespaces:
        tags["kubernetes-namespace"] = list(trusted.namespaces)
    if trusted.accounts:
        tags["kubernetes-service-account"] = list(trusted.accounts)
    return {
        "Sid": "Pods",
        "Effect": "Allow",
        "Principal": {"Service": [POD_IDENTITY]},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringEquals": {f"aws:RequestTag/{tag}": value for tag, value in tags.items()}
        },
    }


def _roles(settings: Settings, trusted: ByRoles) -> Statement:
    """Roles by their ARNs in a condition: a principal would have to exist first."""
    accounts = sorted({arn.split(":")[4] for arn in trusted.roles})
    return {
        "Sid": "Roles",
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:{_partition(settings)}:iam::{a}:root" for a in accounts]},
        "Action": ["sts:AssumeRole", "sts:TagSession"] if trusted.tagged else ["sts:AssumeRole"],
        "Condition": {"ArnEquals": {"aws:PrincipalArn": list(trusted.roles)}},
    }


def _access_grants(role: AwsRole, trusted: ByAccessGrants) -> Statement:
    return {
        "Sid": "AccessGrants",
        "Effect": "Allow",
        "Principal": {"Service": [ACCESS_GRANTS]},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": {
            "StringEquals": {
                "aws:SourceAccount": [role.account],
                "aws:SourceArn": [trusted.instance],
            }
        },
    }
