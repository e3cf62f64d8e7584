"""Keys and their aliases."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tests.engine.aws_double.kind import Kind, absent, doing, tag_list, tagged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.minio_admin.values import Plain
    from tests.engine.aws_double.account import Account
    from tests.engine.aws_double.shelf import Shelf

_MISSING = "NotFoundException"


class Key(Kind):
    """A key; removing it schedules its end."""

    token = "aws:kms/key:Key"
    taught = frozenset(
        {
            "customerMasterKeySpec",
            "deletionWindowInDays",
            "description",
            "enableKeyRotation",
            "keyUsage",
            "multiRegion",
            "policy",
            "region",
            "tags",
        }
    )
    documents = frozenset({"policy"})
    defaults: ClassVar[Mapping[str, object]] = {
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "keyUsage": "ENCRYPT_DECRYPT",
    }
    kept = frozenset({"deletionWindowInDays"})

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        del shelf
        client = account.client("kms", inputs.get("region"))
        optional = {"policy": "Policy", "description": "Description", "multiRegion": "MultiRegion"}
        given = {api: inputs[name] for name, api in optional.items() if name in inputs}
        settled = {**self.defaults, **inputs}
        with doing("creating KMS Key"):
            key = client.create_key(
                KeySpec=settled["customerMasterKeySpec"],
                KeyUsage=settled["keyUsage"],
                Tags=tag_list(inputs, "TagKey", "TagValue"),
                **given,
            )["KeyMetadata"]["KeyId"]
            if settled["enableKeyRotation"]:
                client.enable_key_rotation(KeyId=key)
        return str(key)

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del shelf
        client = account.client("kms", known.get("region"))
        try:
            with absent(_MISSING):
                key = client.describe_key(KeyId=found)["KeyMetadata"]
        except LookupError:
            return None
        if key["KeyState"] == "PendingDeletion":
            return None
        tags = client.list_resource_tags(KeyId=found)["Tags"]
        return {
            "arn": key["Arn"],
            "keyId": found,
            "region": known.get("region") or account.region,
            "customerMasterKeySpec": key["KeySpec"],
            "keyUsage": key["KeyUsage"],
            "multiRegion": key.get("MultiRegion", False),
            "description": key["Description"],
            "policy": client.get_key_policy(KeyId=found, PolicyName="default")["Policy"],
            "enableKeyRotation": client.get_key_rotation_status(KeyId=found)["KeyRotationEnabled"],
            "deletionWindowInDays": known.get("deletionWindowInDays"),
            **tagged(tags, "TagKey", "TagValue"),
        }

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        del shelf
        client = account.client("kms", new.get("region"))
        settled = {**self.defaults, **new}
        with doing(f"updating KMS Key ({found})"):
            rotate = client.enable_key_rotation
            if not settled["enableKeyRotation"]:
                rotate = client.disable_key_rotation
            rotate(KeyId=found)
            if "description" in new:
                client.update_key_description(KeyId=found, Description=new["description"])
            if "policy" in new:
                client.put_key_policy(KeyId=found, PolicyName="default", Policy=new["policy"])
            gone = [tag["TagKey"] for tag in tag_list(old, "TagKey", "TagValue")]
            client.untag_resource(KeyId=found, TagKeys=gone)
            client.tag_resource(KeyId=found, Tags=tag_list(new, "TagKey", "TagValue"))

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del shelf
        days = (
            {"PendingWindowInDays": known["deletionWindowInDays"]}
            if (known.get("deletionWindowInDays"))
            else {}
        )
        with doing(f"deleting KMS Key ({found})"):
            account.client("kms", known.get("region")).schedule_key_deletion(KeyId=found, **days)


class Alias(Kind):
    """An alias of a key."""

    token = "aws:kms/alias:Alias"
    taught = frozenset({"name", "region", "targetKeyId"})
    named = "name"

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        del shelf
        name = str(inputs["name"])
        with doing(f"creating KMS Alias ({name})"):
            account.client("kms", inputs.get("region")).create_alias(
                AliasName=name, TargetKeyId=inputs["targetKeyId"]
            )
        return name

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del shelf
        client = account.client("kms", known.get("region"))
        aliases = [a for a in client.list_aliases()["Aliases"] if a["AliasName"] == found]
        if not aliases:
            return None
        arn, key = aliases[0]["AliasArn"], aliases[0]["TargetKeyId"]
        return {
            "name": found,
            "region": known.get("region") or account.region,
            "arn": arn,
            "targetKeyId": key,
            "targetKeyArn": f"{arn.rpartition(':')[0]}:key/{key}",
        }

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        del shelf, old
        with doing(f"updating KMS Alias ({found})"):
            account.client("kms", new.get("region")).update_alias(
                AliasName=found, TargetKeyId=new["targetKeyId"]
            )

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del shelf
        with doing(f"deleting KMS Alias ({found})"):
            account.client("kms", known.get("region")).delete_alias(AliasName=found)

    def same(self, name: str, old: object, new: object) -> bool:
        if name == "targetKeyId":  # an id and an ARN name the same key
            return str(old).rpartition("/")[2] == str(new).rpartition("/")[2]
        return super().same(name, old, new)


KINDS = (Key(), Alias())
