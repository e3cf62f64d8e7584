"""Rules of AWS: what each identity needs, and the combinations that Argo resolves silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.config.argo import ROLE_ARN_REGION, SESSION_TOKEN
from argo_artifacts.config.aws import partition_of
from argo_artifacts.config.backends.s3 import AssumeRole
from argo_artifacts.config.faults import Fault
from argo_artifacts.config.rules.installation import gate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.backends.s3 import S3, S3Lifecycle
    from argo_artifacts.config.cluster import Cluster
    from argo_artifacts.config.rules.draft import Draft

MAX_BUCKET_NAME: Final = 63
"""Characters of a bucket's name (S3)."""

MIN_INFREQUENT_DAYS: Final = 30
"""Days that an object stays before S3 moves it to a class for infrequent access."""

_INFREQUENT: Final = ("STANDARD_IA", "ONEZONE_IA")

_FIPS: Final = ("us-", "ca-")

_BLOCKS: Final[Mapping[str, str]] = {
    "keys": "accessKeys",
    "pod_identity": "podIdentity",
    "assume_role": "assumeRole",
    "access_grants": "accessGrants",
}
"""The identity to which each block of an ``s3`` belongs."""


def faults(draft: Draft) -> Iterator[Fault]:
    """The account, each repository on S3, then what they say together."""
    stores = {name: r.s3 for name, r in draft.repositories.items() if r.s3 is not None}
    if draft.aws is not None:
        yield from _account(draft, draft.aws)
    elif stores and not draft.aws_written:
        yield Fault(
            f"{draft.root}aws",
            f"missing, a mapping is required; repositories.{min(stores)} is on S3",
        )
    for name, s3 in stores.items():
        yield from _store(draft, name, s3)
        yield from _blocks(f"{draft.repository(name)}.s3", s3)
        yield from _needs(draft, name, s3)
    yield from _one_ambient(draft, stores)
    yield from _abroad(draft, stores)
    yield from _refreshers(draft, stores)


def _account(draft: Draft, aws: Aws) -> Iterator[Fault]:
    path = f"{draft.root}aws"
    region = partition_of(aws.region)
    if aws.in_partition != region:
        yield Fault(
            f"{path}.partition", f"{aws.partition!r} with region {aws.region}, {region} is accepted"
        )
    for key, arn in (
        ("assumeRole.roleARN", aws.assume_role.role_arn if aws.assume_role else None),
        ("permissionsBoundary", aws.permissions_boundary),
    ):
        found = arn.split(":")[1] if arn else region
        if found != region:
            yield Fault(f"{path}.{key}", f"in partition {found}, one in {region} is accepted")


def _store(draft: Draft, name: str, s3: S3) -> Iterator[Fault]:
    """The bucket, its region and its key."""
    path = f"{draft.repository(name)}.s3"
    if s3.lifecycle.noncurrent_expire_days is not None and not s3.bucket.versioning:
        yield Fault(
            f"{path}.lifecycle.noncurrentExpireDays",
            "a bucket without versioning has no noncurrent versions, versioning: true is accepted",
        )
    yield from _transition(f"{path}.lifecycle", s3.lifecycle)
    yield from _reached(path, s3)
    yield from _kept(f"{path}.bucket", s3)
    kms = s3.encryption.kms
    if kms is not None and kms.ownership == "create" and not kms.key.startswith("alias/"):
        yield Fault(
            f"{path}.encryption.kms.key",
            f"{kms.key!r} with ownership create, alias/<name> is accepted; the key's id is not"
            " known before it is made",
        )
    if kms is not None and kms.key.startswith("arn:") and kms.key.split(":")[3] != s3.region:
        yield Fault(
            f"{path}.encryption.kms.key",
            f"in region {kms.key.split(':')[3]}, one in {s3.region} is accepted; the bucket is"
            " there",
        )
    if s3.isolation == "bucket" and draft.repositories[name].shared_with:
        yield Fault(
            f"{path}.isolation",
            "'bucket' where tenants meet under one prefix, prefix is accepted",
        )
    if draft.aws is None:
        return
    partition = partition_of(s3.region)
    if partition != partition_of(draft.aws.region):
        yield Fault(
            f"{path}.region",
            f"{s3.region!r} lies in partition {partition}, a region of"
            f" {partition_of(draft.aws.region)} is accepted; one stack serves one partition",
        )
    ending = f"-{draft.aws.account}-{s3.region}-an" if s3.bucket.account_regional else ""
    if len(s3.bucket.name + ending) > MAX_BUCKET_NAME:
        yield Fault(
            f"{path}.bucket.name",
            f"{len(s3.bucket.name)} characters, at most {MAX_BUCKET_NAME - len(ending)} are"
            f" accepted before {ending}",
        )


def _transition(path: str, lifecycle: S3Lifecycle) -> Iterator[Fault]:
    """S3 moves nothing to an infrequent class before 30 days, and nothing that has expired."""
    move = lifecycle.transition
    if move is None:
        return
    if move.storage_class in _INFREQUENT and move.days < MIN_INFREQUENT_DAYS:
        yield Fault(
            f"{path}.transition.days",
            f"{move.days} with {move.storage_class}, at least {MIN_INFREQUENT_DAYS} is accepted",
        )
    if lifecycle.expire_days is not None and move.days >= lifecycle.expire_days:
        yield Fault(
            f"{path}.transition.days",
            f"{move.days} where artifacts expire after {lifecycle.expire_days}, fewer are accepted",
        )


def _reached(path: str, s3: S3) -> Iterator[Fault]:
    if s3.hosts.startswith("fips") and not s3.region.startswith(_FIPS):
        yield Fault(
            f"{path}.hosts",
            f"{s3.hosts!r} in {s3.region}, regional or dualStack is accepted; FIPS is American",
        )
    if s3.vpc_endpoint is not None and s3.hosts != "regional":
        yield Fault(f"{path}.hosts", f"{s3.hosts!r} beside vpcEndpoint, one of the two is accepted")


def _kept(path: str, s3: S3) -> Iterator[Fault]:
    """Protection, object lock and the access log."""
    if s3.bucket.force_destroy and s3.bucket.protect:
        yield Fault(
            f"{path}.forceDestroy",
            "true on a protected bucket, false is accepted; or say protect: false",
        )
    for field in sorted(s3.bucket.model_fields_set & {"protect", "drop"}):
        if s3.bucket.ownership == "use":
            yield Fault(
                f"{path}.{field}",
                "has no effect with ownership use, create or adopt is accepted",
            )
    if s3.bucket.object_lock is not None and not s3.bucket.versioning:
        yield Fault(
            f"{path}.objectLock",
            "a bucket without versioning, versioning: true is accepted; S3 locks versions",
        )
    log = s3.bucket.access_log
    if log is not None and log.bucket == s3.bucket.name:
        yield Fault(
            f"{path}.accessLog.bucket",
            f"{log.bucket!r} is the bucket itself, another one is accepted; each line would be"
            " logged again",
        )


def _blocks(path: str, s3: S3) -> Iterator[Fault]:
    """A block of another identity has no effect; a published key lives."""
    for field, identity in _BLOCKS.items():
        if field in s3.model_fields_set and s3.identity != identity:
            yield Fault(
                f"{path}.{type(s3).model_fields[field].alias}",
                f"has no effect with identity {s3.identity}, identity {identity} is accepted",
            )
    if s3.keys.publish not in s3.keys.live:
        yield Fault(
            f"{path}.keys.publish",
            f"{s3.keys.publish} does not live, {' or '.join(map(str, s3.keys.live))} is accepted;"
            " workflows use the key that Secrets publish (R18)",
        )
    chosen = s3.assume_role
    if chosen is not None and chosen.by == "refresher":
        for field in sorted(chosen.model_fields_set & {"base", "hand_over"}):
            yield Fault(
                f"{path}.assumeRole.{type(chosen).model_fields[field].alias}",
                "has no effect by refresher, by pods is accepted",
            )


def _needs(draft: Draft, name: str, s3: S3) -> Iterator[Fault]:
    """What the identity needs of Argo's release, of the cluster and of the tenants."""
    path = f"{draft.repository(name)}.s3"
    if draft.argo is not None and s3.identity == "assumeRole":
        needed = SESSION_TOKEN if s3.refreshed else ROLE_ARN_REGION
        yield from gate(f"{path}.identity", draft.argo, needed)
    if draft.cluster is None:
        return
    if (s3.ambient == "irsa" or s3.refreshed) and draft.cluster.oidc is None:
        yield Fault(
            f"{draft.root}cluster.oidc",
            f"missing, the issuer is required for {_said(s3)} of repositories.{name}",
        )
    if s3.ambient == "podIdentity" and draft.cluster.eks is None:
        yield Fault(
            f"{draft.root}cluster.eks",
            f"missing, the cluster's name in EKS is required for {_said(s3)} of"
            f" repositories.{name}",
        )
    yield from _accounts(draft, name, s3, draft.cluster)
    if s3.shape == "shared":
        yield from _shared(draft, name, s3, draft.cluster)


def _said(s3: S3) -> str:
    return f"identity {s3.identity}"


def _accounts(draft: Draft, name: str, s3: S3, cluster: Cluster) -> Iterator[Fault]:
    """Whether the cluster's account is the bucket's, and who acts in it if it is not."""
    if draft.aws is None or cluster.eks is None:
        return
    account = cluster.eks.account or draft.aws.account
    if account == draft.aws.account:
        return
    if s3.identity == "podIdentity":
        yield Fault(
            f"{draft.repository(name)}.s3.identity",
            f"'podIdentity' with a cluster in account {account}, identity assumeRole is accepted;"
            " EKS takes roles of its own account alone",
        )
    chosen = s3.assume_role or AssumeRole()
    by_pods = s3.identity == "assumeRole" and chosen.by == "pods"
    if by_pods and not chosen.hand_over and cluster.eks.assume_role is None:
        yield Fault(
            f"{draft.root}cluster.eks.assumeRole",
            f"missing with a cluster in account {account}, a role there is required; or say"
            f" handOver: true in repositories.{name}.s3.assumeRole",
        )


def _abroad(draft: Draft, stores: Mapping[str, S3]) -> Iterator[Fault]:
    """Pods whose own roles are in the cluster's account reach nothing in the bucket's directly."""
    eks = draft.cluster.eks if draft.cluster else None
    account = eks.account if eks else None
    there = account is not None and draft.aws is not None and account != draft.aws.account
    assuming = {n: s for n, s in stores.items() if s.identity == "assumeRole" and s.ambient}
    for name, s3 in stores.items():
        if assuming and s3.identity in ("irsa", "podIdentity") and there:
            yield Fault(
                f"{draft.repository(name)}.s3.identity",
                f"{s3.identity!r} beside assumeRole of repositories.{min(assuming)}, assumeRole is"
                f" accepted; the pods' own roles are in account {account}",
            )
    for name, s3 in assuming.items():
        if s3.assume_role is not None and s3.assume_role.hand_over and not there:
            yield Fault(
                f"{draft.repository(name)}.s3.assumeRole.handOver",
                "true with a cluster in the bucket's own account, false is accepted; cluster.eks"
                ".account names another one",
            )


def _shared(draft: Draft, name: str, s3: S3, cluster: Cluster) -> Iterator[Fault]:
    """Session tags tell tenants apart, so every prefix is made of them."""
    if cluster.eks is not None and cluster.eks.name != cluster.name:
        yield Fault(
            f"{draft.root}cluster.name",
            f"{cluster.name!r} is not the cluster's name in EKS, {cluster.eks.name} is accepted;"
            " the shared roles of Pod Identity read it from the session; or podIdentity.shape"
            " perTenant",
        )
    if s3.isolation == "bucket":
        yield Fault(
            f"{draft.repository(name)}.s3.isolation",
            "'bucket' with the shared roles of Pod Identity, prefix is accepted; or"
            " podIdentity.shape perTenant",
        )
    for tenant in draft.tenants:
        path = draft.written(tenant, "repositories", "")
        for index, use in enumerate(draft.uses(tenant)):
            if use.name == name and use.prefix is not None:
                yield Fault(
                    f"{path}[{index}].prefix",
                    f"{use.prefix!r} with the shared roles of Pod Identity, no prefix is accepted;"
                    " or podIdentity.shape perTenant",
                )


def _one_ambient(draft: Draft, stores: Mapping[str, S3]) -> Iterator[Fault]:
    """A pod has one identity of its own; of two, the driver takes one without a word."""
    ambient = {name: s3 for name, s3 in stores.items() if s3.ambient is not None}
    if not ambient:
        return
    first = next(iter(ambient))
    for name, s3 in ambient.items():
        chosen = ambient[first]
        path = f"{draft.repository(name)}.s3"
        if s3.ambient != chosen.ambient:
            where = "assumeRole.base" if s3.identity == "assumeRole" else "identity"
            yield Fault(
                f"{path}.{where}",
                f"{s3.ambient!r} beside {chosen.ambient!r} of repositories.{first},"
                f" {chosen.ambient} is accepted; of two a pod uses one without a word (R3)",
            )
        elif s3.ambient == "podIdentity" and _layout(s3) != _layout(chosen):
            assuming = "assumeRole" in (s3.identity, chosen.identity)
            common = "perTenant" if assuming else _layout(chosen)
            yield Fault(
                f"{path}.podIdentity.shape" if s3.shape else f"{path}.assumeRole.base",
                f"{_layout(s3)!r} beside {_layout(chosen)!r} of repositories.{first},"
                f" {common} is accepted for both; a service account has one association",
            )


def _refreshers(draft: Draft, stores: Mapping[str, S3]) -> Iterator[Fault]:
    """What keeps credentials fresh: its image, its namespace, and one credential for an entry."""
    refreshed = [name for name, s3 in stores.items() if s3.refreshed]
    path = f"{draft.root}aws.refresher"
    if draft.aws is not None and refreshed and draft.aws.refresher is None:
        yield Fault(
            path,
            "missing, a mapping with its image is required; a CronJob keeps the credentials of"
            f" repositories.{min(refreshed)} fresh",
        )
    sound = bool(draft.repositories) and draft.repository_names == frozenset(draft.repositories)
    if draft.aws is not None and draft.aws.refresher is not None and not refreshed and sound:
        yield Fault(
            path,
            "has no effect without credentials to keep fresh, nothing is accepted here; identity"
            " accessGrants has some, and assumeRole by refresher",
        )
    argo = draft.argo
    if argo is None:
        return
    if refreshed and argo.namespace in (draft.tenant_names or ()):
        yield Fault(
            f"{draft.repository(min(refreshed))}.s3.identity",
            f"its CronJobs run in {argo.namespace}, which is a tenant, a namespace of Argo's own is"
            " accepted; workflows there could run as every tenant's refresher",
        )
    for name in refreshed:
        shared = draft.repositories[name].shared_with
        if stores[name].identity == "accessGrants" and argo.server.uploads and not shared:
            yield Fault(
                f"{draft.repository(name)}.s3.identity",
                "'accessGrants' with argo.server.uploads, another identity is accepted; a Secret"
                " holds the credentials of one grant, and uploads lie under another prefix",
            )


def _layout(s3: S3) -> str:
    """Layout of the pods' own roles; one that assumes another belongs to a tenant."""
    return s3.shape or "perTenant"
