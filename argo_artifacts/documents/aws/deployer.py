"""Deployer on AWS: the least rights of whoever runs ``pulumi up``, in one account.

Least is not harmless: whoever may write roles and their policies can give itself any right, unless
a permissions boundary bounds what it makes (``aws.permissionsBoundary``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.documents import s3
from argo_artifacts.documents.aws import identity, kms, trust

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.settings import Settings

BUCKET: Final[Mapping[str, str]] = {
    "s3:CreateBucket": "creates the bucket",
    "s3:DeleteBucket": "deletes the empty bucket on a destroy",
    "s3:DeleteBucketPolicy": "removes the bucket's policy on a destroy",
    "s3:GetAccelerateConfiguration": "reads the bucket",
    "s3:GetBucketAcl": "reads the bucket",
    "s3:GetBucketCORS": "reads the bucket",
    "s3:GetBucketLocation": "finds the bucket's region",
    "s3:GetBucketLogging": "reads the bucket",
    "s3:GetBucketObjectLockConfiguration": "reads the bucket",
    "s3:GetBucketOwnershipControls": "reads ownership of objects, to find drift",
    "s3:GetBucketPolicy": "reads the bucket's policy, to find drift and keep others' statements",
    "s3:GetBucketPublicAccessBlock": "reads the public access block, to find drift",
    "s3:GetBucketRequestPayment": "reads the bucket",
    "s3:GetBucketTagging": "reads our mark",
    "s3:GetBucketVersioning": "reads versioning, to find drift",
    "s3:GetBucketWebsite": "reads the bucket",
    "s3:GetEncryptionConfiguration": "reads encryption, to find drift",
    "s3:GetLifecycleConfiguration": "reads lifecycle rules, to find drift",
    "s3:GetReplicationConfiguration": "reads the bucket",
    "s3:ListBucket": "finds out whether the bucket stands (HeadBucket)",
    "s3:PutBucketOwnershipControls": "switches ACLs off",
    "s3:PutBucketPolicy": "writes the bucket's policy",
    "s3:PutBucketPublicAccessBlock": "blocks public access",
    "s3:PutBucketTagging": "sets our mark",
    "s3:PutBucketVersioning": "sets versioning",
    "s3:PutEncryptionConfiguration": "sets encryption",
    "s3:PutLifecycleConfiguration": "sets lifecycle rules",
}
"""Actions on a bucket that we create or adopt, and what the provider does with each."""

PURGE: Final[Mapping[str, str]] = {
    "s3:DeleteObject": "empties a bucket with `forceDestroy`",
    "s3:DeleteObjectVersion": "empties it of versions",
}
"""Actions on all objects, only where ``forceDestroy`` is on."""

PURGE_LISTING: Final[Mapping[str, str]] = {
    "s3:ListBucketVersions": "finds what a bucket with `forceDestroy` holds",
}

LOCK: Final[Mapping[str, str]] = {
    "s3:PutBucketObjectLockConfiguration": "sets object lock",
}
"""Further actions on a bucket with ``objectLock``."""

LOG: Final[Mapping[str, str]] = {
    "s3:PutBucketLogging": "sets where the access log goes",
}
"""Further actions on a bucket with ``accessLog``."""

ROLE: Final[Mapping[str, str]] = {
    "iam:DeleteRole": "removes a role",
    "iam:GetRole": "reads a role, to find drift",
    "iam:GetRolePolicy": "reads its policy, to find drift",
    "iam:ListAttachedRolePolicies": "looks before a role is removed",
    "iam:ListInstanceProfilesForRole": "looks before a role is removed",
    "iam:ListRolePolicies": "looks before a role is removed",
    "iam:TagRole": "sets our mark",
    "iam:UntagRole": "removes a tag",
    "iam:UpdateAssumeRolePolicy": "changes who may assume it",
    "iam:UpdateRole": "changes description and session length",
}
"""Actions on our roles."""

ROLE_RIGHTS: Final[Mapping[str, str]] = {
    "iam:CreateRole": "makes a role",
    "iam:DeleteRolePolicy": "removes its policy",
    "iam:PutRolePermissionsBoundary": "sets the boundary",
    "iam:PutRolePolicy": "writes its policy",
}
"""Actions that give our roles rights; with a boundary only where it bounds the role."""

ATTACH: Final[Mapping[str, str]] = {
    "iam:AttachRolePolicy": "attaches a managed policy, where one does not fit inline",
    "iam:DetachRolePolicy": "detaches it",
}
"""Further actions that give our roles rights, only where a policy does not fit inline."""

POLICY: Final[Mapping[str, str]] = {
    "iam:CreatePolicy": "makes a managed policy, where one does not fit inline",
    "iam:CreatePolicyVersion": "changes it",
    "iam:DeletePolicy": "removes it",
    "iam:DeletePolicyVersion": "removes an old version",
    "iam:GetPolicy": "reads it, to find drift",
    "iam:GetPolicyVersion": "reads its text, to find drift",
    "iam:ListPolicyVersions": "finds old versions",
    "iam:TagPolicy": "sets our mark",
    "iam:UntagPolicy": "removes a tag",
}
"""Actions on our managed policies, only where a policy does not fit inline."""

USER: Final[Mapping[str, str]] = {
    "iam:CreateAccessKey": "makes the user's key",
    "iam:DeleteAccessKey": "ends it",
    "iam:DeleteUser": "removes a user",
    "iam:GetUser": "reads a user, to find drift",
    "iam:GetUserPolicy": "reads its policy, to find drift",
    "iam:ListAccessKeys": "reads its keys, to find drift",
    "iam:ListGroupsForUser": "looks before a user is removed",
    "iam:TagUser": "sets our mark",
    "iam:UntagUser": "removes a tag",
}
"""Actions on our users."""

USER_RIGHTS: Final[Mapping[str, str]] = {
    "iam:CreateUser": "makes a user",
    "iam:DeleteUserPolicy": "removes its policy",
    "iam:PutUserPermissionsBoundary": "sets the boundary",
    "iam:PutUserPolicy": "writes its policy",
}
"""Actions that give our users rights; with a boundary only where it bounds the user."""

PROVIDER: Final[Mapping[str, str]] = {
    "iam:AddClientIDToOpenIDConnectProvider": "adds the audience",
    "iam:CreateOpenIDConnectProvider": "makes the provider",
    "iam:DeleteOpenIDConnectProvider": "removes it on a destroy",
    "iam:GetOpenIDConnectProvider": "reads it, to find drift",
    "iam:RemoveClientIDFromOpenIDConnectProvider": "removes an audience",
    "iam:TagOpenIDConnectProvider": "sets our mark",
    "iam:UntagOpenIDConnectProvider": "removes a tag",
    "iam:UpdateOpenIDConnectProviderThumbprint": "changes its certificate",
}
"""Actions on the OIDC provider that we create or adopt."""

PROVIDER_READING: Final[Mapping[str, str]] = {
    "iam:GetOpenIDConnectProvider": "looks for it before anything is made that trusts it",
}
"""Actions on the OIDC provider that others keep."""

CLUSTER: Final[Mapping[str, str]] = {
    "eks:CreatePodIdentityAssociation": "binds a service account to its role",
    "eks:ListPodIdentityAssociations": "finds an association that stands already",
}
"""Actions on the cluster in EKS."""

AGENT: Final[Mapping[str, str]] = {
    "eks:DescribeAddon": "looks for the agent of Pod Identity",
}
"""Actions on the agent's add-on in the cluster."""

AGENT_NAME: Final = "eks-pod-identity-agent"
"""Name of that add-on."""

ASSOCIATION: Final[Mapping[str, str]] = {
    "eks:DeletePodIdentityAssociation": "ends an association",
    "eks:DescribePodIdentityAssociation": "reads it, to find drift",
    "eks:TagResource": "sets our mark",
    "eks:UntagResource": "removes a tag",
    "eks:UpdatePodIdentityAssociation": "changes its role",
}
"""Actions on the associations of the cluster."""

HAND_OVER: Final = "iam:PassRole"
"""Hands a role to EKS or to S3 Access Grants."""

KEY_MAKING: Final[Mapping[str, str]] = {
    "kms:CreateKey": "makes the key",
    "kms:TagResource": "sets our mark",
}
"""Actions that make a key, only with our mark."""

KEY_FINDING: Final[Mapping[str, str]] = {
    "kms:ListAliases": "finds the alias, to find drift",
}
"""Actions that name no key."""

GRANTS: Final[Mapping[str, str]] = {
    "s3:CreateAccessGrant": "makes a grant",
    "s3:CreateAccessGrantsLocation": "makes a location",
    "s3:DeleteAccessGrant": "ends a grant",
    "s3:DeleteAccessGrantsLocation": "removes a location",
    "s3:GetAccessGrant": "reads a grant, to find drift",
    "s3:GetAccessGrantsInstance": "reads the instance",
    "s3:GetAccessGrantsLocation": "reads a location, to find drift",
    "s3:ListTagsForResource": "reads our mark",
    "s3:TagResource": "sets our mark",
    "s3:UntagResource": "removes a tag",
    "s3:UpdateAccessGrantsLocation": "changes a location's role",
}
"""Actions on an S3 Access Grants instance."""

INSTANCE: Final[Mapping[str, str]] = {
    "s3:CreateAccessGrantsInstance": "makes the instance",
    "s3:DeleteAccessGrantsInstance": "removes it on a destroy",
}
"""Actions on an instance that we create."""

Statement = dict[str, object]


def accounts(settings: Settings, plan: AccessPlan) -> tuple[str, ...]:
    """The accounts in which something is made, sorted."""
    if plan.aws is None or settings.aws is None:
        return ()
    possible = {settings.aws.account, *(role.account for role in plan.aws.roles)}
    return tuple(a for a in sorted(possible) if policy(settings, plan, a)["Statement"])


def policy(settings: Settings, plan: AccessPlan, account: str) -> dict[str, object]:
    """The policy of whoever runs ``pulumi up`` in *account*.

    Raises:
        KeyError: the settings name no account.
    """
    aws = settings.aws
    if aws is None or plan.aws is None:
        key = "aws"
        raise KeyError(key)
    own = account == aws.account
    found = [
        *(_buckets(settings, plan, aws) if own else ()),
        *_identities(settings, plan, aws, account),
        *(_keys(settings, aws) if own else ()),
        *(_grants(settings, plan) if own else ()),
    ]
    return {"Version": s3.VERSION, "Statement": found}


def _allow(
    sid: str,
    actions: Iterable[str],
    resources: Iterable[str],
    condition: Mapping[str, Mapping[str, list[str]]] | None = None,
) -> Iterator[Statement]:
    on = sorted(set(resources))
    if on:
        limited: Statement = {"Condition": condition} if condition else {}
        yield {
            "Sid": sid,
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": on,
        } | limited


def _buckets(settings: Settings, plan: AccessPlan, aws: Aws) -> Iterator[Statement]:
    def arn(bucket: str) -> str:
        return f"arn:{aws.in_partition}:s3:::{bucket}"

    ours = [store for store in plan.stores if store.backend == "s3" and store.managed]
    stores = {n: r.s3 for n, r in settings.repositories.items() if r.s3 is not None}
    locked = (s for s in ours if stores[s.repository].bucket.object_lock is not None)
    logged = (s for s in ours if stores[s.repository].bucket.access_log is not None)
    emptied = [arn(store.bucket) for store in ours if stores[store.repository].bucket.force_destroy]
    yield from _allow("Buckets", BUCKET, (arn(store.bucket) for store in ours))
    yield from _allow("ObjectLock", LOCK, (arn(store.bucket) for store in locked))
    yield from _allow("AccessLog", LOG, (arn(store.bucket) for store in logged))
    yield from _allow("Purge", PURGE, (f"{bucket}/*" for bucket in emptied))
    yield from _allow("PurgeListing", PURGE_LISTING, emptied)


def _identities(
    settings: Settings, plan: AccessPlan, aws: Aws, account: str
) -> Iterator[Statement]:
    """Roles, users, policies, the OIDC provider and the associations in *account*."""
    if plan.aws is None:
        return
    iam = f"arn:{aws.in_partition}:iam::{account}"
    ours = f"{aws.path}{settings.cluster.name}.*"
    bound = (
        {"StringEquals": {"iam:PermissionsBoundary": [aws.permissions_boundary]}}
        if aws.permissions_boundary
        else None
    )
    roles = [r for r in plan.aws.roles if r.account == account and not r.handed_over]
    if roles:
        yield from _allow("Roles", ROLE, [f"{iam}:role{ours}"])
        yield from _allow("RoleRights", ROLE_RIGHTS, [f"{iam}:role{ours}"], bound)
    if any(len(identity.policies(settings, role)) > 1 for role in roles):
        yield from _allow("Attach", ATTACH, [f"{iam}:role{ours}"], bound)
        yield from _allow("Policies", POLICY, [f"{iam}:policy{ours}"])
    if account == aws.account and plan.aws.users:
        yield from _allow("Users", USER, [f"{iam}:user{ours}"])
        yield from _allow("UserRights", USER_RIGHTS, [f"{iam}:user{ours}"], bound)
    if account in plan.aws.provider_accounts:
        kept = PROVIDER_READING if aws.oidc_provider == "use" else PROVIDER
        yield from _allow("Provider", kept, [trust.provider_arn(settings, account)])
    passed = {"location"} if account == aws.account else set[str]()
    services = [trust.ACCESS_GRANTS] if any(r.purpose in passed for r in roles) else []
    if plan.aws.associations and roles and roles[0].account == account:
        cluster = trust.cluster_arn(settings)
        yield from _allow("Cluster", CLUSTER, [cluster])
        agent = f"{cluster.replace(':cluster/', ':addon/')}/{AGENT_NAME}/*"
        yield from _allow("Agent", AGENT, [agent])
        every = cluster.replace(":cluster/", ":podidentityassociation/") + "/*"
        yield from _allow("Associations", ASSOCIATION, [every])
        services.append(trust.POD_IDENTITY)
    if services:
        to = {"StringEquals": {"iam:PassedToService": sorted(services)}}
        yield from _allow("PassRoles", [HAND_OVER], [f"{iam}:role{ours}"], to)


def _keys(settings: Settings, aws: Aws) -> Iterator[Statement]:
    made = [
        (store.encryption.kms.key, store.region)
        for repository in settings.repositories.values()
        if (store := repository.s3) is not None
        and store.encryption.kms is not None
        and store.encryption.kms.ownership == "create"
    ]
    if not made:
        return
    new = {"StringEquals": {f"aws:RequestTag/{OWNER_MARK}": [settings.owner]}}
    marked = {"StringEquals": {f"aws:ResourceTag/{OWNER_MARK}": [settings.owner]}}
    yield from _allow("MakeKeys", KEY_MAKING, ["*"], new)
    yield from _allow("FindKeys", KEY_FINDING, ["*"])
    yield from _allow(
        "Keys", kms.ADMINISTER, (kms.key_arn(aws, key, region) for key, region in made), marked
    )
    yield from _allow(
        "Aliases",
        ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
        (f"arn:{aws.in_partition}:kms:{region}:{aws.account}:{key}" for key, region in made),
    )


def _grants(settings: Settings, plan: AccessPlan) -> Iterator[Statement]:
    if plan.aws is None:
        return
    asked = {role.asks for role in plan.aws.roles if role.asks is not None}
    yield from _allow("Grants", GRANTS, (arn for one in asked for arn in (one, f"{one}/*")))
    if any(
        store.makes_instance
        for repository in settings.repositories.values()
        if (store := repository.s3) is not None
    ):
        yield from _allow("Instance", INSTANCE, asked)
