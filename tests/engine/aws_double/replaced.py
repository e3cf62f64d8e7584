"""Which changes replace a resource: what cannot be changed in place.

Every row names where that is written: a file of terraform-provider-aws, whose schemas the provider
aws is made of (``ForceNew`` or ``RequiresReplace``), or AWS's own schema of the resource.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_SERVICE: Final = "terraform-provider-aws internal/service"


class Row(NamedTuple):
    """A property whose change replaces."""

    type: str
    property: str
    source: str


def _rows(token: str, file: str, *properties: str) -> tuple[Row, ...]:
    return tuple(Row(token, name, f"{_SERVICE}/{file}") for name in properties)


_CONFIGURATIONS: Final = {
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3/bucket_lifecycle_configuration.go"
    ),
    "aws:s3/bucketLogging:BucketLogging": "s3/bucket_logging.go",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": (
        "s3/bucket_object_lock_configuration.go"
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "s3/bucket_ownership_controls.go",
    "aws:s3/bucketPolicy:BucketPolicy": "s3/bucket_policy.go",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "s3/bucket_public_access_block.go",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3/bucket_server_side_encryption_configuration.go"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "s3/bucket_versioning.go",
}

_REGIONAL: Final = (
    "aws:s3/bucket:Bucket",
    *_CONFIGURATIONS,
    "aws:kms/alias:Alias",
    "aws:kms/key:Key",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:s3control/accessGrant:AccessGrant",
    "aws:s3control/accessGrantsInstance:AccessGrantsInstance",
    "aws:s3control/accessGrantsLocation:AccessGrantsLocation",
)

ROWS: Final = (
    *_rows("aws:s3/bucket:Bucket", "s3/bucket.go", "bucket", "objectLockEnabled"),
    Row(
        "aws:s3/bucket:Bucket",
        "bucketNamespace",
        "CloudFormation schema of AWS::S3::Bucket, createOnlyProperties",
    ),
    *(row for token, file in _CONFIGURATIONS.items() for row in _rows(token, file, "bucket")),
    *_rows(
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "s3/bucket_object_lock_configuration.go",
        "objectLockEnabled",
    ),
    *_rows("aws:kms/alias:Alias", "kms/alias.go", "name"),
    *_rows("aws:kms/key:Key", "kms/key.go", "keyUsage", "customerMasterKeySpec", "multiRegion"),
    *_rows("aws:iam/accessKey:AccessKey", "iam/access_key.go", "user"),
    *_rows(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "iam/openid_connect_provider.go",
        "url",
    ),
    *_rows("aws:iam/policy:Policy", "iam/policy.go", "name", "path", "description"),
    *_rows("aws:iam/role:Role", "iam/role.go", "name", "path"),
    *_rows("aws:iam/rolePolicy:RolePolicy", "iam/role_policy.go", "name", "role"),
    *_rows(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "iam/role_policy_attachment.go",
        "role",
        "policyArn",
    ),
    *_rows("aws:iam/userPolicy:UserPolicy", "iam/user_policy.go", "name", "user"),
    *_rows(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "eks/pod_identity_association.go",
        "clusterName",
        "namespace",
        "serviceAccount",
    ),
    *_rows(
        "aws:s3control/accessGrant:AccessGrant",
        "s3control/access_grant.go",
        "accessGrantsLocationConfiguration",
        "accessGrantsLocationId",
        "accountId",
        "grantee",
        "permission",
        "s3PrefixType",
    ),
    *_rows(
        "aws:s3control/accessGrantsInstance:AccessGrantsInstance",
        "s3control/access_grants_instance.go",
        "accountId",
    ),
    *_rows(
        "aws:s3control/accessGrantsLocation:AccessGrantsLocation",
        "s3control/access_grants_location.go",
        "accountId",
        "locationScope",
    ),
    *(
        Row(
            token,
            "region",
            "terraform-provider-aws internal/provider/sdkv2/region.go and "
            "internal/provider/framework/region.go, forceNewIfRegionChanges",
        )
        for token in _REGIONAL
    ),
)
"""A user has none: it is renamed and moved in place (iam/user.go)."""


def replacing(token: str) -> frozenset[str]:
    """The properties of a type whose change replaces."""
    return frozenset(row.property for row in ROWS if row.type == token)
