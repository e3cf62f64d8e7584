"""AWS: the account in which a stack makes its buckets, roles, users and keys."""

from __future__ import annotations

from typing import Annotated, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field

from argo_artifacts.config.backends.minio_helm import Image
from argo_artifacts.config.base import Matching, Model
from argo_artifacts.config.tenants import Ownership

Partition = Literal["aws", "aws-cn", "aws-us-gov", "aws-eusc"]

Region = Annotated[
    str, Matching("[a-z]{2,5}(-[a-z]+)+-[0-9]+", "a region as in eu-west-1 is accepted (R2)")
]

AccountId = Annotated[
    str, Matching("[0-9]{12}", "the 12 digits of an account, in quotes, are accepted")
]

_PARTITION: Final = "(aws|aws-cn|aws-us-gov|aws-eusc)"
_IAM_NAME: Final = r"[\w+=,.@/-]+"

RoleArn = Annotated[
    str,
    Matching(
        rf"arn:{_PARTITION}:iam::[0-9]{{12}}:role/{_IAM_NAME}",
        "a role's ARN as in arn:aws:iam::111122223333:role/name is accepted",
        2048,
    ),
]

PolicyArn = Annotated[
    str,
    Matching(
        rf"arn:{_PARTITION}:iam::([0-9]{{12}}|aws):policy/{_IAM_NAME}",
        "a policy's ARN as in arn:aws:iam::111122223333:policy/name is accepted",
        2048,
    ),
]


class _Zone(NamedTuple):
    """Where a partition's regions and hosts are."""

    regions: str
    """What its regions begin with."""

    suffix: str
    """Domain of its hosts."""


_ZONES: Final[dict[Partition, _Zone]] = {
    "aws-cn": _Zone("cn-", "amazonaws.com.cn"),
    "aws-us-gov": _Zone("us-gov-", "amazonaws.com"),
    "aws-eusc": _Zone("eusc-", "amazonaws.eu"),
    "aws": _Zone("", "amazonaws.com"),
}
"""Regions and hosts of each partition, the special ones first."""


def partition_of(region: str) -> Partition:
    """The partition in which *region* lies, by its name."""
    return next(name for name, zone in _ZONES.items() if region.startswith(zone.regions))


def dns_suffix(region: str) -> str:
    """Domain of the hosts in *region*: ``amazonaws.com``."""
    return _ZONES[partition_of(region)].suffix


ExternalId = Annotated[
    str,
    Matching(r"[\w+=,.@:/-]{2,1224}", "2 to 1224 letters, digits and _+=,.@:/- are accepted", 1224),
]


class AssumedRole(Model):
    """A role that we assume before any call."""

    role_arn: RoleArn = Field(alias="roleARN")
    """ARN of the role."""

    external_id: ExternalId | None = Field(default=None, alias="externalID")
    """External id that its trust policy asks for."""


_NAME_AND_TAG: Final = r"[a-z0-9][-a-z0-9._:/]*?(:[A-Za-z0-9_][-A-Za-z0-9_.]*)?"

PinnedImage = Annotated[
    str,
    Matching(
        rf"{_NAME_AND_TAG}@sha256:[0-9a-f]{{64}}",
        "an image with its digest is accepted, as in registry.example.com/name@sha256:…",
        512,
    ),
]
"""An image that nobody can change under its name."""


class Refresher(Model):
    """The CronJobs that keep temporary credentials fresh (clusters outside AWS)."""

    image: PinnedImage
    """Image with Python, boto3, lightkube and this program's package ``argo_artifacts``."""

    session_hours: Annotated[int, Field(ge=1, le=12)] = 1
    """Hours that each credential lasts; they are renewed every 20 minutes."""

    @property
    def seconds(self) -> int:
        """How long each credential lasts."""
        return 3600 * self.session_hours


_TAG: Final = r"[-\w .:/=+@]"

TagKey = Annotated[
    str,
    Matching(f"(?!aws:){_TAG}{{1,128}}", "letters, digits, blanks and _.:/=+-@ are accepted", 128),
]
TagValue = Annotated[
    str, Matching(f"{_TAG}{{0,256}}", "letters, digits, blanks and _.:/=+-@ are accepted", 256)
]

_PATH: Final = r"/([!-.0-~]+/)*"


def _path(value: str) -> str:
    return Matching(_PATH, "a path that begins and ends with '/' is accepted", 512)(value)


class Verifier(Model):
    """The pods in which `verify` tries what only a pod can (identities podIdentity and node)."""

    image: Image
    """Image with Python and this distribution; a tag or, better, a digest."""


class Aws(Model):
    """The AWS account of the buckets on S3."""

    account: AccountId
    """Number of the account, in quotes; another logged-in account is refused before any change."""

    region: Region
    """Region of the calls that have none of their own (IAM, EKS)."""

    partition: Partition | None = None
    """Partition of all ARNs; absent: the region's."""

    assume_role: AssumedRole | None = None
    """Role in which everything is made; absent: the logged-in identity itself."""

    oidc_provider: Ownership = "use"
    """The IAM OIDC provider of ``cluster.oidc.issuer``: ``create`` makes it, ``adopt`` takes over
    what stands, ``use`` leaves it alone."""

    path: Annotated[
        str,
        AfterValidator(_path),
        Field(json_schema_extra={"pattern": f"^{_PATH}$", "maxLength": 512}),
    ] = "/"
    """Path of the roles, users and policies that we make: ``/argo/``."""

    permissions_boundary: PolicyArn | None = None
    """ARN of the policy that bounds each role and user that we make."""

    refresher: Refresher | None = None
    """What keeps temporary credentials fresh (identity accessGrants, assumeRole by refresher)."""

    verifier: Verifier | None = None
    """What `verify` runs in the cluster; absent: what only pods can try is not checked."""

    tags: dict[TagKey, TagValue] = Field(default_factory=dict[TagKey, TagValue])
    """Further tags on everything that we make."""

    @property
    def in_partition(self) -> Partition:
        """The partition of all ARNs."""
        return self.partition or partition_of(self.region)
