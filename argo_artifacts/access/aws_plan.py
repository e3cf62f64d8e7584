"""Identities on AWS: which roles and users the grants of a stack become.

Pure and deterministic. A pod's own identity is one role for each group of service accounts that
may do the same; where the entry carries the identity, its actors share one role or user.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from argo_artifacts.access.aws import (
    CLUSTER_TAG,
    DEFAULT_SESSION,
    NAMESPACE_TAG,
    Association,
    AwsPlan,
    AwsRole,
    AwsUser,
    ByAccessGrants,
    ByPods,
    ByRoles,
    ByServiceAccounts,
    DataGrant,
    InStore,
    Location,
)
from argo_artifacts.access.names import iam_name, refresher, s3_bucket, short_id, tenant_prefix
from argo_artifacts.access.words import Access, Subject, Verb, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from argo_artifacts.access.aws import Purpose, Trust
    from argo_artifacts.access.grants import Grant
    from argo_artifacts.access.words import Actor
    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.backends.s3 import S3
    from argo_artifacts.config.settings import Settings

Reach = dict[tuple[str, str], dict[str, set[Verb]]]
"""Verbs by prefix, by repository and bucket."""

_UPLOADS: Final = "uploads/"


def aws_plan(settings: Settings, grants: Sequence[Grant]) -> AwsPlan | None:
    """Make the identities of *grants* on S3; None: no repository is there."""
    stores = {name: r.s3 for name, r in settings.repositories.items() if r.s3 is not None}
    if settings.aws is None or not stores:
        return None
    whole = _Stack(settings, settings.aws, stores)
    own = [grant for grant in grants if grant.repository in stores]
    pods, associations = _pods(whole, own)
    entries = [*_entries(whole, own, pods)]
    locations = [*_locations(whole, own)]
    roles = (*pods, *entries, *(role for _, role in locations))
    return AwsPlan(
        account=settings.aws.account,
        roles=roles,
        users=tuple(_users(whole, own)),
        associations=tuple(sorted(associations)),
        locations=tuple(location for location, _ in locations),
        data_grants=tuple(_data_grants(whole, own, [location for location, _ in locations])),
        provider_accounts=tuple(
            sorted(
                {
                    role.account
                    for role in roles
                    if isinstance(role.trust, ByServiceAccounts) and not role.handed_over
                }
            )
        ),
    )


def bucket_of(settings: Settings, repository: str, tenant: str) -> str:
    """Physical name of the bucket on S3 in which *tenant*'s artifacts of *repository* lie.

    Raises:
        KeyError: the repository is not on S3.
    """
    s3 = settings.repositories[repository].s3
    if s3 is None or settings.aws is None:
        raise KeyError(repository)
    name = f"{s3.bucket.name}-{tenant}" if s3.isolation == "bucket" else s3.bucket.name
    return s3_bucket(name, settings.aws.account, s3.region, regional=s3.bucket.account_regional)


@dataclass(frozen=True, slots=True)
class _Stack:
    """The settings, with what AWS needs of them spelt out."""

    settings: Settings
    aws: Aws
    stores: Mapping[str, S3]

    @property
    def shared(self) -> bool:
        """Whether session tags tell tenants apart."""
        return any(s3.shape == "shared" for s3 in self.stores.values())

    @property
    def pods_account(self) -> str:
        """Account of the pods' own roles: the cluster's where they assume others."""
        eks = self.settings.cluster.eks
        assuming = any(s3.identity == "assumeRole" and s3.ambient for s3 in self.stores.values())
        return (eks.account if assuming and eks else None) or self.aws.account

    @property
    def session_seconds(self) -> int:
        """How long credentials last that a refresher keeps fresh."""
        return DEFAULT_SESSION if self.aws.refresher is None else self.aws.refresher.seconds

    @property
    def handed_over(self) -> bool:
        """Whether others make the pods' own roles."""
        return self.pods_account != self.aws.account and any(
            s3.assume_role is not None and s3.assume_role.hand_over for s3 in self.stores.values()
        )

    def instance(self, repository: str) -> str:
        """ARN of the S3 Access Grants instance in *repository*'s region."""
        region = self.stores[repository].region
        partition, account = self.aws.in_partition, self.aws.account
        return f"arn:{partition}:s3:{region}:{account}:access-grants/default"

    def role(self, account: str, purpose: Purpose, trust: Trust, *parts: str) -> AwsRole:
        """A role in *account*, named by *parts*, that reaches nothing yet."""
        cluster, owner = self.settings.cluster.name, self.settings.owner
        name = iam_name(cluster, *parts, owner=owner)
        return AwsRole(
            name=name,
            arn=f"arn:{self.aws.in_partition}:iam::{account}:role{self.aws.path}{name}",
            account=account,
            purpose=purpose,
            tenants=(),
            trust=trust,
        )


@dataclass(slots=True)
class _Group:
    """Service accounts that may do the same."""

    actor: Actor
    tenants: set[str] = field(default_factory=set[str])
    subjects: set[Subject] = field(default_factory=set[Subject])
    reach: Reach = field(default_factory=Reach)
    entries: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Tenant and repository of each entry role that it assumes."""


def _pods(
    stack: _Stack, grants: Iterable[Grant]
) -> tuple[tuple[AwsRole, ...], tuple[Association, ...]]:
    """The pods' own roles, and the associations of Pod Identity."""
    groups: dict[tuple[Actor, str], _Group] = {}
    for grant in grants:
        s3 = stack.stores[grant.repository]
        if s3.ambient in (None, "node"):
            continue
        key = (grant.actor, "" if grant.actor == "server" else grant.tenant)
        group = groups.setdefault(key, _Group(grant.actor))
        group.tenants.add(grant.tenant)
        group.subjects.add(grant.subject)
        if s3.identity == "assumeRole":
            group.entries.add((grant.tenant, grant.repository))
        else:
            _add(stack, group.reach, grant, symbolic=stack.shared)
    found = [*_merged(groups.values())] if stack.shared else list(groups.values())
    roles: list[AwsRole] = []
    associations: list[Association] = []
    by_pods = any(s3.ambient == "podIdentity" for s3 in stack.stores.values())
    for group in found:
        role = _pod_role(stack, group, by_pods=by_pods)
        roles.append(role)
        if by_pods:
            associations += [
                Association(namespace=s.namespace, service_account=s.name, role=role.arn)
                for s in group.subjects
            ]
    return tuple(roles), tuple(associations)


def _add(stack: _Stack, reach: Reach, grant: Grant, *, symbolic: bool = False) -> None:
    place = (grant.repository, bucket_of(stack.settings, grant.repository, grant.tenant))
    prefix = _symbolic(stack, grant) if symbolic else grant.prefix
    reach.setdefault(place, {}).setdefault(prefix, set()).update(grant.verbs)


def _symbolic(stack: _Stack, grant: Grant) -> str:
    """The prefix of *grant* in session tags: one spelling for all tenants.

    argo-server shows every tenant, so its prefix ends at the cluster.
    """
    cluster = f"{stack.settings.cluster.name}/"
    if grant.prefix.startswith(_UPLOADS):
        return _UPLOADS if grant.actor == "server" else f"{_UPLOADS}{NAMESPACE_TAG}/"
    if grant.actor == "server":
        return f"{CLUSTER_TAG}/"
    if grant.prefix == tenant_prefix(stack.settings.cluster.name, grant.tenant):
        return f"{CLUSTER_TAG}/{NAMESPACE_TAG}/"
    return f"{CLUSTER_TAG}/{grant.prefix.removeprefix(cluster)}"


def _merged(groups: Iterable[_Group]) -> Iterator[_Group]:
    """One group for each actor and distinct reach, however many tenants have it."""
    merged: dict[tuple[Actor, tuple[InStore, ...]], _Group] = {}
    for group in groups:
        whole = merged.setdefault(
            (group.actor, _frozen(group.reach)), _Group(group.actor, reach=group.reach)
        )
        whole.tenants |= group.tenants
        whole.subjects |= group.subjects
    yield from merged.values()


def _frozen(reach: Reach) -> tuple[InStore, ...]:
    return tuple(
        InStore(
            repository=repository,
            bucket=bucket,
            accesses=tuple(Access(prefix=p, verbs=in_order(v)) for p, v in sorted(verbs.items())),
        )
        for (repository, bucket), verbs in sorted(reach.items())
    )


def _pod_role(stack: _Stack, group: _Group, *, by_pods: bool) -> AwsRole:
    subjects = tuple(sorted(group.subjects))
    reach = _frozen(group.reach)
    trust: Trust = ByServiceAccounts(subjects=subjects)
    if by_pods:
        every = stack.shared and group.actor == "executor"
        spaces = () if stack.shared and group.actor != "server" else {s.namespace for s in subjects}
        trust = ByPods(
            namespaces=tuple(sorted(spaces)),
            accounts=() if every else tuple(sorted({s.name for s in subjects})),
        )
    if group.actor == "server":
        parts: tuple[str, ...] = ("server",)
    elif stack.shared:
        parts = (group.actor, short_id(repr(reach)))
    else:
        parts = (min(group.tenants), group.actor)
    role = stack.role(stack.pods_account, group.actor, trust, *parts)
    return replace(
        role,
        tenants=tuple(sorted(group.tenants)),
        reach=reach,
        assumes=tuple(sorted(_entry_role(stack, *entry).arn for entry in group.entries)),
        handed_over=stack.handed_over,
    )


def _entry_role(stack: _Stack, tenant: str, repository: str) -> AwsRole:
    """The role that the entry names, that nobody trusts yet."""
    account = stack.aws.account
    return stack.role(account, "entry", ByRoles(roles=()), tenant, repository, "entry")


def _entries(stack: _Stack, grants: Iterable[Grant], pods: Iterable[AwsRole]) -> Iterator[AwsRole]:
    """The roles that entries name, and those by which their refreshers ask for a grant."""
    assumed_by: dict[str, list[str]] = {}
    for role in pods:
        for arn in role.assumes:
            assumed_by.setdefault(arn, []).append(role.arn)
    for (tenant, repository), reach in _unions(stack, grants, ("assumeRole", "accessGrants")):
        s3 = stack.stores[repository]
        role = _entry_role(stack, tenant, repository)
        trust: Trust = ByRoles(
            roles=tuple(sorted(assumed_by.get(role.arn, []))),
            tagged=s3.ambient == "podIdentity",
        )
        if s3.refreshed:
            subject = Subject(
                cluster=stack.settings.cluster.name,
                namespace=stack.settings.argo.namespace,
                name=refresher(tenant, repository),
            )
            trust = ByServiceAccounts(subjects=(subject,))
        if s3.identity == "accessGrants":
            yield _grantee(stack, tenant, repository, trust)
        else:
            seconds = stack.session_seconds if s3.refreshed else role.session_seconds
            yield replace(
                role, tenants=(tenant,), trust=trust, reach=(reach,), session_seconds=seconds
            )


def _grantee(stack: _Stack, tenant: str, repository: str, trust: Trust) -> AwsRole:
    account = stack.aws.account
    role = stack.role(account, "grantee", trust, tenant, repository, "grantee")
    return replace(role, tenants=(tenant,), asks=stack.instance(repository))


def _unions(
    stack: _Stack, grants: Iterable[Grant], identities: Iterable[str]
) -> Iterator[tuple[tuple[str, str], InStore]]:
    """What the actors of each entry may do together, where the entry carries the identity."""
    chosen = set(identities)
    found: dict[tuple[str, str], Reach] = {}
    for grant in grants:
        if stack.stores[grant.repository].identity in chosen:
            reach = found.setdefault((grant.tenant, grant.repository), {})
            _add(stack, reach, grant)
    for entry, reach in sorted(found.items()):
        (union,) = _frozen(reach)
        yield entry, union


def _users(stack: _Stack, grants: Iterable[Grant]) -> Iterator[AwsUser]:
    for (tenant, repository), reach in _unions(stack, grants, ["accessKeys"]):
        for key in sorted(stack.stores[repository].keys.live):
            name = s3_user(stack.settings, tenant, repository, key)
            yield AwsUser(name=name, tenant=tenant, key=key, reach=reach)


def s3_user(settings: Settings, tenant: str, repository: str, key: int) -> str:
    """Name of the user behind key number *key* of a tenant and repository."""
    parts = (settings.cluster.name, tenant, repository, str(key))
    return iam_name(*parts, owner=settings.owner)


def _locations(stack: _Stack, grants: Sequence[Grant]) -> Iterator[tuple[Location, AwsRole]]:
    """One location for each bucket, whose role may do what any tenant may do there."""
    cluster = f"{stack.settings.cluster.name}/"
    found: dict[tuple[str, str], Reach] = {}
    for grant in grants:
        if stack.stores[grant.repository].identity == "accessGrants":
            place = (grant.repository, bucket_of(stack.settings, grant.repository, grant.tenant))
            _add(stack, found.setdefault(place, {}), grant)
    for (repository, bucket), reach in sorted(found.items()):
        (inside,) = _frozen(reach)
        within = all(access.prefix.startswith(cluster) for access in inside.accesses)
        isolated = stack.stores[repository].isolation == "bucket"
        own = {g.tenant for g in grants if g.repository == repository}
        tenants = {t for t in own if bucket_of(stack.settings, repository, t) == bucket}
        parts = (min(tenants), repository, "location") if isolated else (repository, "location")
        trust = ByAccessGrants(instance=stack.instance(repository))
        role = stack.role(stack.aws.account, "location", trust, *parts)
        role = replace(
            role,
            tenants=tuple(sorted(tenants)),
            reach=(inside,),
            session_seconds=stack.session_seconds,
        )
        scope = f"s3://{bucket}/{cluster if within else ''}*"
        yield Location(repository=repository, scope=scope, role=role.arn), role


def _data_grants(
    stack: _Stack, grants: Iterable[Grant], locations: Iterable[Location]
) -> Iterator[DataGrant]:
    scopes = {location.scope.split("/")[2]: location.scope for location in locations}
    for (tenant, repository), reach in _unions(stack, grants, ["accessGrants"]):
        scope = scopes[reach.bucket]
        base = scope.removeprefix(f"s3://{reach.bucket}/").removesuffix("*")
        grantee = _grantee(stack, tenant, repository, ByRoles(roles=())).arn
        for access in reach.accesses:
            reads, changes = "read" in access.verbs, {"write", "delete"} & set(access.verbs)
            yield DataGrant(
                tenant=tenant,
                repository=repository,
                scope=scope,
                sub_prefix=f"{access.prefix.removeprefix(base)}*",
                permission="READWRITE" if reads and changes else "READ" if reads else "WRITE",
                grantee=grantee,
            )
