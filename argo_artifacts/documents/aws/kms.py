"""KMS: the rights on a store's key that follow from the rights on its objects, and its policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.config.aws import dns_suffix
from argo_artifacts.documents import s3

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.access.aws import InStore
    from argo_artifacts.access.words import Verb
    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.settings import Settings

DECRYPT: Final = "kms:Decrypt"
GENERATE: Final = "kms:GenerateDataKey"

NEEDED: Final[Mapping[Verb, tuple[str, ...]]] = {
    "list": (),
    "read": (DECRYPT,),
    "write": (DECRYPT, GENERATE),
    "delete": (),
}
"""Actions on the key that each verb needs: S3 asks for them in the caller's name."""

WHY: Final[Mapping[str, str]] = {
    DECRYPT: "loads an object; completes a multipart upload (above 16 MiB)",
    GENERATE: "saves an object",
}
"""The call of Argo's driver that needs each action."""

ADMINISTER: Final[Mapping[str, str]] = {
    "kms:CancelKeyDeletion": "takes a deletion back",
    "kms:CreateAlias": "gives the key its alias",
    "kms:DeleteAlias": "takes the alias away",
    "kms:DescribeKey": "reads the key, to find drift",
    "kms:DisableKey": "stops every use of it",
    "kms:EnableKey": "allows its use again",
    "kms:EnableKeyRotation": "switches rotation on",
    "kms:GetKeyPolicy": "reads this policy, to find drift",
    "kms:GetKeyRotationStatus": "reads rotation, to find drift",
    "kms:ListKeyPolicies": "lists its one policy",
    "kms:ListResourceTags": "reads our mark",
    "kms:PutKeyPolicy": "writes this policy",
    "kms:ScheduleKeyDeletion": "ends it after a waiting time, on a destroy",
    "kms:TagResource": "sets our mark",
    "kms:UntagResource": "removes a tag",
    "kms:UpdateAlias": "moves the alias",
    "kms:UpdateKeyDescription": "sets its description",
}
"""Actions of whoever keeps a key that we make."""


def statements(settings: Settings, reach: Iterable[InStore]) -> Iterator[dict[str, object]]:
    """Allow what *reach* needs of the stores' keys, through S3 alone.

    A key by alias is named by the alias, so that the document is readable before the key exists.
    """
    needed: dict[tuple[str, str], set[str]] = {}
    for one in reach:
        store = settings.repositories[one.repository].s3
        actions = {a for access in one.accesses for verb in access.verbs for a in NEEDED[verb]}
        if store is None or store.encryption.kms is None or settings.aws is None or not actions:
            continue
        place = (store.encryption.kms.key, store.region)
        needed.setdefault(place, set()).update(actions)
    for index, ((key, region), actions) in enumerate(sorted(needed.items()), start=1):
        condition: dict[str, object] = {"StringEquals": {"kms:ViaService": [_through(region)]}}
        if key.startswith("alias/"):
            condition["ForAnyValue:StringEquals"] = {"kms:ResourceAliases": [key]}
        yield {
            "Sid": "Key" if len(needed) == 1 else f"Key{index}",
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": [key_arn(settings.aws, key, region)] if settings.aws else [],
            "Condition": condition,
        }


def _through(region: str) -> str:
    return f"s3.{region}.{dns_suffix(region)}"


def key_arn(aws: Aws, key: str, region: str) -> str:
    """ARN of *key*; of one by alias: every key of account and region."""
    if key.startswith("arn:"):
        return key
    named = "*" if key.startswith("alias/") else key
    return f"arn:{aws.in_partition}:kms:{region}:{aws.account}:key/{named}"


def named_key(aws: Aws, key: str, region: str) -> str:
    """ARN by which a bucket's default encryption names *key*; an alias stays one.

    So it is known before the key is made, and follows the alias to another key.
    """
    if key.startswith("alias/"):
        return f"arn:{aws.in_partition}:kms:{region}:{aws.account}:{key}"
    return key_arn(aws, key, region)


def key_policy(aws: Aws, region: str) -> dict[str, object]:
    """The policy of a key that we make: kept by its account, used through S3 alone.

    It names the account, so that IAM policies decide who there may do it.
    """
    account = {"AWS": [f"arn:{aws.in_partition}:iam::{aws.account}:root"]}
    return {
        "Version": s3.VERSION,
        "Statement": [
            {
                "Sid": "Administer",
                "Effect": "Allow",
                "Principal": account,
                "Action": sorted(ADMINISTER),
                "Resource": ["*"],
            },
            {
                "Sid": "UseThroughS3",
                "Effect": "Allow",
                "Principal": account,
                "Action": sorted(WHY),
                "Resource": ["*"],
                "Condition": {"StringEquals": {"kms:ViaService": [_through(region)]}},
            },
        ],
    }
