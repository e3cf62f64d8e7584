"""Identities: whose rights a run tries, and by which way it gets into each one's session. Pure.

Where an entry carries the credential there is one for each tenant and repository; where pods have
an identity of their own, one for each service account beside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from argo_artifacts.access.aws import ByServiceAccounts
from argo_artifacts.access.aws_plan import bucket_of
from argo_artifacts.access.words import Access, Subject, in_order
from argo_artifacts.verify.places import Holder, holder_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from argo_artifacts.access.aws import AwsPlan, AwsRole
    from argo_artifacts.access.grants import AccessPlan, Credential, Grant
    from argo_artifacts.access.words import Verb
    from argo_artifacts.config.backends.s3 import S3
    from argo_artifacts.config.settings import Settings

Way = Literal["entry", "secret", "token", "pod"]
"""How its session is had: an entry alone has none; out of the entry's Secret; for a token of the
service account; inside a pod of the service account."""


NODE: Final = "node"
"""The session of every pod that has none but the node's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnAws:
    """What AWS knows an identity by, and what it must be refused there."""

    region: str
    host: str
    """Host that the entry names; empty: the region's usual one, which boto3 finds."""

    acts_as: str = ""
    """ARN of the role or user in whose name it acts; empty: the plan does not know."""

    role: str = ""
    """ARN of the pods' own role; empty: there is none, or others made it."""

    entry_role: str = ""
    """ARN of the role that the entry names; empty: it names none."""

    strangers: tuple[Subject, ...] = ()
    """Service accounts whose tokens the role must not take."""

    other_role: str = ""
    """ARN of a role of the plan that it must not assume; empty: there is no other."""

    key: str = ""
    """ARN of the bucket's key, which it must not use by itself; empty: it has none of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose rights are tried at one bucket."""

    holder: Holder
    way: Way
    session: str
    """Equal: by the plan these act in one session, so that one may do what the other may."""

    bucket: str = ""
    accesses: tuple[Access, ...] = ()
    """One for each prefix, sorted by it."""

    subject: Subject | None = None
    aws: OnAws | None = None
    """None: its server is not AWS."""

    first: bool = False
    """Whether it is the entry that the tenant's workflows get without asking."""


def of_credential(credential: Credential, *, first: bool = False) -> Identity:
    """The identity behind the Secret that an entry names."""
    return Identity(
        holder=holder_of(credential),
        way="secret",
        session=f"secret {holder_of(credential)}",
        bucket=credential.bucket,
        accesses=credential.accesses,
        first=first,
    )


def identities(settings: Settings, plan: AccessPlan) -> tuple[Identity, ...]:
    """All identities of a stack, in the order of its tenants and their repositories."""
    carried = {holder_of(credential): credential for credential in plan.credentials}
    entries: dict[Holder, list[Grant]] = {}
    for grant in plan.grants:
        entries.setdefault(Holder(grant.tenant, grant.repository), []).append(grant)
    found: list[Identity] = []
    begun: set[str] = set()
    for holder, grants in entries.items():
        first = holder.tenant not in begun
        begun.add(holder.tenant)
        if holder not in carried:
            found.append(
                Identity(holder=holder, way="entry", session=f"entry {holder}", first=first)
            )
            found += _of_pods(settings, plan, holder, grants)
            continue
        identity = of_credential(carried[holder], first=first)
        if settings.repositories[holder.repository].s3 is not None:
            identity = replace(identity, aws=_of_secret(settings, plan, carried[holder]))
        found.append(identity)
    return tuple(found)


def _of_secret(settings: Settings, plan: AccessPlan, credential: Credential) -> OnAws:
    """What AWS knows the keys or the session in an entry's Secret by."""
    known = _site(settings, credential.repository)
    if plan.aws is None or settings.aws is None:
        return known
    role = plan.aws.entry_role(credential.tenant, credential.repository)
    acts_as = "" if role is None else role.arn
    for _, name in (user for user in credential.users if user[0] == credential.publish):
        partition, aws = settings.aws.in_partition, settings.aws
        acts_as = f"arn:{partition}:iam::{aws.account}:user{aws.path}{name}"
    for location in plan.aws.locations:
        if location.scope.split("/")[2] == credential.bucket:
            acts_as = location.role
    return replace(known, acts_as=acts_as, other_role=_other_role(plan.aws, acts_as, ()))


def _of_pods(
    settings: Settings, plan: AccessPlan, holder: Holder, grants: Iterable[Grant]
) -> Iterator[Identity]:
    """The service accounts that reach one tenant's artifacts by an identity of their own."""
    s3 = settings.repositories[holder.repository].s3
    if s3 is None or plan.aws is None:
        return
    verbs: dict[Subject, dict[str, set[Verb]]] = {}
    for grant in grants:
        own = verbs.setdefault(grant.subject, {})
        own.setdefault(grant.prefix, set()).update(grant.verbs)
    entry_role = plan.aws.entry_role(holder.tenant, holder.repository)
    for subject, prefixes in verbs.items():
        accesses = tuple(Access(prefix=p, verbs=in_order(v)) for p, v in sorted(prefixes.items()))
        if entry_role is not None:  # one role for all of the entry's actors
            accesses = entry_role.reach[0].accesses
        yield Identity(
            holder=replace(holder, account=str(subject)),
            way="token" if s3.ambient == "irsa" else "pod",
            session=_session(s3, subject, entry_role),
            bucket=bucket_of(settings, holder.repository, holder.tenant),
            accesses=accesses,
            subject=subject,
            aws=_of_subject(settings, plan, holder.repository, subject, entry_role),
        )


def _session(s3: S3, subject: Subject, entry_role: AwsRole | None) -> str:
    if s3.ambient == "node":
        return NODE
    return f"pod {subject}" if entry_role is None else entry_role.arn


def _of_subject(
    settings: Settings,
    plan: AccessPlan,
    repository: str,
    subject: Subject,
    entry_role: AwsRole | None,
) -> OnAws:
    known = _site(settings, repository)
    s3 = settings.repositories[repository].s3
    own = None if plan.aws is None else plan.aws.role_of(subject)
    if plan.aws is None or own is None or s3 is None or s3.ambient == "node":
        return replace(known, key="")
    last = own if entry_role is None else entry_role
    return replace(
        known,
        acts_as=last.arn,
        role=own.arn,
        entry_role="" if entry_role is None else entry_role.arn,
        strangers=tuple(_strangers(plan.aws, own, subject)),
        other_role=_other_role(plan.aws, last.arn, last.assumes),
    )


def _strangers(plan: AwsPlan, own: AwsRole, subject: Subject) -> Iterator[Subject]:
    """The next service account of another namespace, and the next of the same, with another role.

    Only those whose tokens AWS takes for some role: of these one must not be taken for another.
    """
    trusted = [r.trust.subjects for r in plan.roles if isinstance(r.trust, ByServiceAccounts)]
    if not isinstance(own.trust, ByServiceAccounts):
        return
    others = sorted({s for some in trusted for s in some} - set(own.trust.subjects))
    ring = [*(s for s in others if s > subject), *(s for s in others if s < subject)]
    for same in (False, True):
        found = next((s for s in ring if (s.namespace == subject.namespace) is same), None)
        if found is not None:
            yield found


def _other_role(plan: AwsPlan, own: str, assumes: Sequence[str]) -> str:
    """The next role that somebody of the plan acts in and this one must not."""
    acting = ("executor", "collector", "server", "entry", "location")
    others = sorted(
        r.arn for r in plan.roles if r.purpose in acting and r.arn != own and r.arn not in assumes
    )
    return next((arn for arn in others if arn > own), others[0] if others else "")


def _site(settings: Settings, repository: str) -> OnAws:
    """How the bucket is reached, and the key that it is encrypted with."""
    s3, aws = settings.repositories[repository].s3, settings.aws
    if s3 is None or aws is None:
        raise KeyError(repository)
    key, kms = "", s3.encryption.kms
    if kms is not None:
        base = f"arn:{aws.in_partition}:kms:{s3.region}:{aws.account}"
        key = kms.key if kms.key.startswith("arn:") else f"{base}:{kms.key}"
        if kms.key == key.removeprefix(f"{base}:") and not kms.key.startswith("alias/"):
            key = f"{base}:key/{kms.key}"
    usual = s3.hosts == "regional" and s3.vpc_endpoint is None
    return OnAws(region=s3.region, host="" if usual else s3.host, key=key)
