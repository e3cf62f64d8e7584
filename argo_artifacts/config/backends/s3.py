"""``s3``: AWS S3."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from argo_artifacts.config.aws import Region, dns_suffix
from argo_artifacts.config.backends.common import Bucket, Isolation, Keys, Lifecycle
from argo_artifacts.config.base import BucketName, Days, KeyPrefix, Matching, Model, Text

_RESERVED: Final = (
    r"(xn--|sthree-|amzn-s3-demo-).*|.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3|-an)"
)
"""Beginnings and endings that S3 keeps for itself."""


def _s3_name(value: str) -> str:
    if "." in value:
        msg = f"{value!r} has a dot, a name without one is accepted; TLS would fail"
        raise ValueError(msg)
    if re.fullmatch(_RESERVED, value):
        msg = f"{value!r} begins or ends as S3 keeps for itself, another name is accepted"
        raise ValueError(msg)
    return value


class ObjectLock(Model):
    """What S3 keeps although somebody deletes it."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"
    """``GOVERNANCE``: who has a right of its own can end it; ``COMPLIANCE``: nobody can."""

    days: Days
    """Days that each version stays; garbage collection frees nothing before."""


class AccessLog(Model):
    """Where S3 writes who asked for what."""

    bucket: BucketName
    """Another bucket of the same account and region, whose policy lets S3 write there."""

    prefix: KeyPrefix
    """Prefix of the log's objects there."""


class Drop(Model):
    """What others put on the bucket and shall go; all else of theirs stays."""

    statements: tuple[Text, ...] = ()
    """Sids in the bucket's policy; one without Sid is named as the warning of `up` names it."""

    lifecycle_rules: tuple[Text, ...] = ()
    """Ids of lifecycle rules."""


class S3Bucket(Bucket):
    """A bucket on AWS S3."""

    name: Annotated[BucketName, AfterValidator(_s3_name)]
    """Physical name of the bucket, the same on every run."""

    account_regional: bool = False
    """In the account's own namespace: the name gets the ending ``-<account>-<region>-an`` and
    nobody else can take it."""

    object_lock: ObjectLock | None = None
    """Keep each version for a time; only a bucket with versioning, and for ever."""

    access_log: AccessLog | None = None
    """Write an access log; absent: none."""

    protect: bool = True
    """Refuse to delete the bucket that we made, and its key, until this is off and `up` has run; a
    bucket of one tenant (isolation bucket) is kept instead, so that the tenant may go."""

    drop: Drop = Field(default_factory=Drop)
    """Statements and rules of others that go; all else of theirs stays."""


_UUID: Final = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}"
_ALIAS: Final = "alias/(?!aws/)[-/_a-zA-Z0-9]{1,250}"
_KEY_ARN: Final = rf"arn:(aws|aws-cn|aws-us-gov|aws-eusc):kms:[-a-z0-9]+:[0-9]{{12}}:key/({_UUID})"

KmsKey = Annotated[
    str,
    Matching(
        f"{_ALIAS}|{_UUID}|{_KEY_ARN}",
        "alias/<name>, a key's id or a key's ARN is accepted; a key of AWS's own cannot be granted",
    ),
]


class KmsEncryption(Model):
    """SSE-KMS with a key of one's own."""

    key: KmsKey
    """Alias, key id or ARN; a key that we make has an alias."""

    ownership: Literal["create", "use"] = "use"
    """``create`` makes the key with its alias, key policy and rotation, ``use`` leaves it alone."""


class S3Encryption(Model):
    """Default encryption of the bucket; absent: SSE-S3."""

    kms: KmsEncryption | None = None
    """SSE-KMS; absent: SSE-S3."""


class Transition(Model):
    """When artifacts move to a cheaper storage class."""

    days: Days
    """Days after which an artifact moves."""

    storage_class: Literal["STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"] = (
        "STANDARD_IA"
    )
    """Storage class from which objects are read at once; Argo cannot wait for the others."""


class S3Lifecycle(Lifecycle):
    """When objects leave the bucket, or their storage class, by themselves."""

    abort_incomplete_days: Days = 7
    """Days after which the parts of an upload that was never completed go."""

    transition: Transition | None = None
    """Move to a cheaper storage class; absent: never."""


VpcEndpoint = Annotated[
    str,
    Matching(
        "vpce-[0-9a-f]{8,17}-[0-9a-z]{6,12}",
        "the DNS label of an interface endpoint as in vpce-0a1b2c3d-4e5f6g7h is accepted",
    ),
]


class PodIdentity(Model):
    """How EKS Pod Identity is laid out."""

    shape: Literal["shared", "perTenant"] = "shared"
    """``shared``: three roles for each distinct set of repositories, told apart by session tags;
    ``perTenant``: roles for each tenant."""


class AssumeRole(Model):
    """Who assumes the role that the entry names."""

    by: Literal["pods", "refresher"] = "pods"
    """``pods``: Argo itself, from the pod's own identity; ``refresher``: a CronJob that keeps
    temporary credentials in the Secret fresh (clusters outside AWS)."""

    base: Literal["irsa", "podIdentity"] = "irsa"
    """The pod's own identity, in the cluster's account (by pods)."""

    hand_over: bool = False
    """Print the roles in the cluster's account instead of making them: others keep that account
    (by pods)."""


class AccessGrants(Model):
    """The S3 Access Grants instance of account and region."""

    instance: Literal["create", "use"] = "use"
    """``create`` makes the one instance, ``use`` leaves it alone; others may share it."""


class S3(Model):
    """A bucket on AWS S3."""

    bucket: S3Bucket
    """The bucket that holds the artifacts."""

    region: Region
    """Region of the bucket: ``eu-west-1``."""

    region_discovery: bool = False
    """Let the actors ask for the bucket's region; the entry names it, so nobody needs to."""

    hosts: Literal["regional", "dualStack", "fips", "fipsDualStack"] = "regional"
    """Which of S3's hosts pods talk to; FIPS exists in American regions alone."""

    vpc_endpoint: VpcEndpoint | None = None
    """DNS label of an interface endpoint, as in ``vpce-0a1b2c3d-4e5f6g7h``, instead of those."""

    minimum_tls: Literal["1.2", "1.3"] = Field(default="1.2", alias="minimumTLS")
    """Oldest version of TLS that the bucket answers."""

    encryption: S3Encryption = Field(default_factory=S3Encryption)
    """Default encryption of the bucket."""

    lifecycle: S3Lifecycle = Field(default_factory=S3Lifecycle)
    """When objects expire."""

    isolation: Isolation = "prefix"
    """A prefix for each tenant in one bucket, or a bucket for each."""

    identity: Literal["irsa", "podIdentity", "accessKeys", "assumeRole", "accessGrants", "node"]
    """By what pods reach the bucket."""

    pod_identity: PodIdentity | None = None
    """Layout of the roles (identity podIdentity)."""

    keys: Keys = Field(default_factory=Keys)
    """Rotation of the users (identity accessKeys)."""

    assume_role: AssumeRole | None = None
    """Who assumes the role (identity assumeRole)."""

    access_grants: AccessGrants | None = None
    """The instance (identity accessGrants)."""

    @property
    def host(self) -> str:
        """The host that pods talk to."""
        suffix = f"{self.region}.{dns_suffix(self.region)}"
        if self.vpc_endpoint is not None:
            return f"bucket.{self.vpc_endpoint}.s3.{self.region}.vpce.{dns_suffix(self.region)}"
        match self.hosts:
            case "regional":
                return f"s3.{suffix}"
            case "dualStack":
                return f"s3.dualstack.{suffix}"
            case "fips":
                return f"s3-fips.{suffix}"
            case "fipsDualStack":
                return f"s3-fips.dualstack.{suffix}"

    @property
    def ambient(self) -> Literal["irsa", "podIdentity", "node"] | None:
        """The pods' own identity that Argo's driver finds around it; None: the entry has keys."""
        match self.identity:
            case "irsa" | "podIdentity" | "node":
                return self.identity
            case "assumeRole":
                chosen = self.assume_role or AssumeRole()
                return chosen.base if chosen.by == "pods" else None
            case "accessKeys" | "accessGrants":
                return None

    @property
    def refreshed(self) -> bool:
        """Whether a CronJob keeps temporary credentials in the Secret fresh."""
        by = (self.assume_role or AssumeRole()).by
        return self.identity == "accessGrants" or (
            self.identity == "assumeRole" and by == "refresher"
        )

    @property
    def makes_instance(self) -> bool:
        """Whether the S3 Access Grants instance of its region is ours to make."""
        return self.access_grants is not None and self.access_grants.instance == "create"

    @property
    def shape(self) -> Literal["shared", "perTenant"] | None:
        """Layout of the roles of Pod Identity; None: another identity."""
        if self.identity != "podIdentity":
            return None
        return (self.pod_identity or PodIdentity()).shape
