"""AWS identities: the roles, users and bindings of a plan, as values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.access.words import Access, Subject

CLUSTER_TAG = "${aws:PrincipalTag/eks-cluster-name}"
"""The cluster's name in EKS, as Pod Identity puts it into the session."""

NAMESPACE_TAG = "${aws:PrincipalTag/kubernetes-namespace}"
"""The pod's namespace, as Pod Identity puts it into the session."""

DEFAULT_SESSION = 3600
"""Seconds of the longest session of a role, unless it says otherwise (IAM)."""

Purpose = Literal["executor", "collector", "server", "entry", "grantee", "location"]
"""Whose role it is: a pod's own, the one that an entry names, the refresher's that asks for a
grant's credentials, or the one that S3 Access Grants uses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InStore:
    """What an identity may do in one bucket."""

    repository: str
    bucket: str
    """Physical name."""

    accesses: tuple[Access, ...]
    """One for each prefix, sorted by it; a prefix may hold session tags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByServiceAccounts:
    """Service accounts assume it with their tokens (web identity)."""

    subjects: tuple[Subject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ByPods:
    """EKS Pod Identity assumes it for the pods that have an association."""

    namespaces: tuple[str, ...] = ()
    """Empty: of any namespace; then session tags tell them apart."""

    accounts: tuple[str, ...] = ()
    """Names of the service accounts; empty: of any name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRoles:
    """Other roles assume it."""

    roles: tuple[str, ...]
    """Their ARNs, sorted."""

    tagged: bool = False
    """Whether their sessions carry tags on to the next role, as those of Pod Identity do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByAccessGrants:
    """S3 Access Grants assumes it to hand out credentials."""

    instance: str
    """ARN of the instance."""


Trust = ByServiceAccounts | ByPods | ByRoles | ByAccessGrants


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsRole:
    """An IAM role: who may assume it, and what it may do."""

    name: str
    arn: str
    account: str
    purpose: Purpose
    tenants: tuple[str, ...]
    """Whose artifacts it reaches, sorted."""

    trust: Trust
    reach: tuple[InStore, ...] = ()
    assumes: tuple[str, ...] = ()
    """ARNs of the roles that it may assume, sorted."""

    asks: str | None = None
    """ARN of the S3 Access Grants instance that it may ask for credentials."""

    handed_over: bool = False
    """Printed only: somebody else keeps its account."""

    session_seconds: int = DEFAULT_SESSION
    """Longest session that it allows (``MaxSessionDuration``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsUser:
    """An IAM user behind one key number of a tenant and repository."""

    name: str
    tenant: str
    key: int
    reach: InStore


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Association:
    """What gives a service account's pods a role (EKS Pod Identity)."""

    namespace: str
    service_account: str
    role: str
    """ARN of the role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place that S3 Access Grants hands out: a bucket's prefix, and the role used there."""

    repository: str
    scope: str
    """``s3://bucket/prefix*``."""

    role: str
    """ARN of the role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataGrant:
    """One grant of S3 Access Grants."""

    tenant: str
    repository: str
    scope: str
    """Scope of its location."""

    sub_prefix: str
    """Below the scope; ends in ``*``."""

    permission: Literal["READ", "WRITE", "READWRITE"]
    grantee: str
    """ARN of the role that may ask for credentials."""


@dataclass(frozen=True, kw_only=True)  # no slots: it keeps its indexes
class AwsPlan:
    """All identities of a stack on AWS."""

    account: str
    roles: tuple[AwsRole, ...] = ()
    users: tuple[AwsUser, ...] = ()
    associations: tuple[Association, ...] = ()
    locations: tuple[Location, ...] = ()
    data_grants: tuple[DataGrant, ...] = ()
    provider_accounts: tuple[str, ...] = ()
    """Accounts in which our roles need an OIDC provider of the cluster's issuer, sorted."""

    def role_of(self, subject: Subject) -> AwsRole | None:
        """The role of a service account's own pods."""
        return self._own.get((subject.namespace, subject.name))

    def entry_role(self, tenant: str, repository: str) -> AwsRole | None:
        """The role that the entry of *repository* names in the namespace *tenant*."""
        return self._named.get((tenant, repository))

    def serving(self, tenant: str, repository: str) -> tuple[AwsRole, ...]:
        """Every role by which an actor reaches *tenant*'s artifacts of *repository*."""
        return self._serving.get((tenant, repository), ())

    @cached_property
    def by_arn(self) -> Mapping[str, AwsRole]:
        """The roles by their ARNs."""
        return {role.arn: role for role in self.roles}

    @cached_property
    def _serving(self) -> Mapping[tuple[str, str], tuple[AwsRole, ...]]:
        found: dict[tuple[str, str], dict[str, AwsRole]] = {}
        for role in self.roles:
            assumed = [self.by_arn[arn] for arn in role.assumes]
            for one in (role, *assumed):
                for tenant in one.tenants:
                    for reach in one.reach:
                        found.setdefault((tenant, reach.repository), {})[role.arn] = role
        for grant in self.data_grants:
            place = (grant.tenant, grant.repository)
            found.setdefault(place, {})[grant.grantee] = self.by_arn[grant.grantee]
        return {place: tuple(roles.values()) for place, roles in found.items()}

    @cached_property
    def _own(self) -> Mapping[tuple[str, str], AwsRole]:
        """Roles by namespace and name of the service accounts that have them."""
        trusted = {
            (subject.namespace, subject.name): role
            for role in self.roles
            if role.purpose in ("executor", "collector", "server")
            and isinstance(role.trust, ByServiceAccounts)
            for subject in role.trust.subjects
        }
        return trusted | {
            (bound.namespace, bound.service_account): self.by_arn[bound.role]
            for bound in self.associations
        }

    @cached_property
    def _named(self) -> Mapping[tuple[str, str], AwsRole]:
        """Entry roles by tenant and repository."""
        return {
            (tenant, reach.repository): role
            for role in self.roles
            if role.purpose == "entry"
            for tenant in role.tenants
            for reach in role.reach
        }
