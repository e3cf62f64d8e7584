"""Roles, users, policies, keys and OIDC providers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from tests.engine.aws_double.kind import Kind, absent, doing, tag_list, tagged
from tests.engine.aws_double.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.minio_admin.values import Plain
    from tests.engine.aws_double.account import Account, Client
    from tests.engine.aws_double.shelf import Record, Shelf

_MISSING = "NoSuchEntity"
_BOUNDARIES = "user boundaries"
POLICIES = "inline policies"
"""Kind of the shelf's records of inline policies, by ``account/role/name:policy``."""

_GRANTS = ":access-grants/"


class Role(Kind):
    """A role."""

    token = "aws:iam/role:Role"
    taught = frozenset(
        {
            "assumeRolePolicy",
            "description",
            "forceDetachPolicies",
            "maxSessionDuration",
            "name",
            "path",
            "permissionsBoundary",
            "tags",
        }
    )
    named = "name"
    documents = frozenset({"assumeRolePolicy"})
    defaults: ClassVar[Mapping[str, object]] = {
        "forceDetachPolicies": False,
        "maxSessionDuration": 3600,
        "path": "/",
    }
    kept = frozenset({"forceDetachPolicies"})

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        del shelf
        name = str(inputs["name"])
        optional = {
            "description": "Description",
            "maxSessionDuration": "MaxSessionDuration",
            "path": "Path",
            "permissionsBoundary": "PermissionsBoundary",
        }
        given = {api: inputs[of] for of, api in optional.items() if of in inputs}
        with doing(f"creating IAM Role ({name})"):
            account.client("iam").create_role(
                RoleName=name,
                AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
                Tags=tag_list(inputs),
                **given,
            )
        return name

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del shelf
        try:
            with absent(_MISSING):
                role = account.client("iam").get_role(RoleName=found)["Role"]
        except LookupError:
            return None
        return {
            "name": found,
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].isoformat(),
            "path": role["Path"],
            "description": role.get("Description") or None,
            "maxSessionDuration": role["MaxSessionDuration"],
            "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get(
                "PermissionsBoundaryArn"
            ),
            "forceDetachPolicies": known.get("forceDetachPolicies"),
            **tagged(role.get("Tags", [])),
        }

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        del shelf
        client = account.client("iam")
        with doing(f"updating IAM Role ({found})"):
            client.update_assume_role_policy(RoleName=found, PolicyDocument=new["assumeRolePolicy"])
            client.update_role(
                RoleName=found,
                Description=new.get("description", ""),
                MaxSessionDuration=new.get("maxSessionDuration", 3600),
            )
            if "permissionsBoundary" in new:
                client.put_role_permissions_boundary(
                    RoleName=found, PermissionsBoundary=new["permissionsBoundary"]
                )
            else:
                client.delete_role_permissions_boundary(RoleName=found)
            _retag(client, "role", {"RoleName": found}, old, new)

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del shelf, known
        with doing(f"deleting IAM Role ({found})"):
            account.client("iam").delete_role(RoleName=found)


class User(Kind):
    """A user. moto keeps no permissions boundary of a user, so it lies on the shelf."""

    token = "aws:iam/user:User"
    taught = frozenset({"forceDestroy", "name", "path", "permissionsBoundary", "tags"})
    named = "name"
    defaults: ClassVar[Mapping[str, object]] = {"forceDestroy": False, "path": "/"}
    kept = frozenset({"forceDestroy"})

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        name = str(inputs["name"])
        with doing(f"creating IAM User ({name})"):
            account.client("iam").create_user(
                UserName=name, Path=inputs.get("path", "/"), Tags=tag_list(inputs)
            )
        self._bound(account, shelf, name, inputs)
        return name

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        client = account.client("iam")
        found = str(known.get("name", found))  # which a new name leaves as it is
        try:
            with absent(_MISSING):
                user = client.get_user(UserName=found)["User"]
        except LookupError:
            return None
        kept = shelf.records(_BOUNDARIES).get(f"{account.number}/{found}", {})
        return {
            "name": found,
            "arn": user["Arn"],
            "uniqueId": user["UserId"],
            "path": user["Path"],
            "permissionsBoundary": kept.get("arn"),
            "forceDestroy": known.get("forceDestroy"),
            **tagged(user.get("Tags", [])),
        }

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        found = str(old["name"])
        client, name = account.client("iam"), str(new["name"])
        with doing(f"updating IAM User ({found})"):
            if (found, old.get("path")) != (name, new.get("path", "/")):
                client.update_user(UserName=found, NewUserName=name, NewPath=new.get("path", "/"))
            _retag(client, "user", {"UserName": name}, old, new)
        self._bound(account, shelf, found, {})
        self._bound(account, shelf, name, new)

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        client = account.client("iam")
        found = str(known.get("name", found))
        with doing(f"deleting IAM User ({found})"):
            if known.get("forceDestroy"):
                keys = client.list_access_keys(UserName=found)["AccessKeyMetadata"]
                for key in keys:
                    client.delete_access_key(UserName=found, AccessKeyId=key["AccessKeyId"])
            client.delete_user(UserName=found)
        self._bound(account, shelf, found, {})

    def _bound(self, account: Account, shelf: Shelf, name: str, inputs: Plain) -> None:
        with shelf.open(_BOUNDARIES) as records:
            records.pop(f"{account.number}/{name}", None)
            if "permissionsBoundary" in inputs:
                records[f"{account.number}/{name}"] = {"arn": inputs["permissionsBoundary"]}


class Inline(Kind):
    """A policy inside a role or a user; its id is ``owner:name``.

    moto refuses the ARN of an S3 Access Grants instance, so a policy with one lies on the shelf.
    """

    documents = frozenset({"policy"})
    named = "name"
    owner: ClassVar[str]

    def _shelved(self, account: Account, shelf: Shelf, found: str) -> Record:
        return shelf.records(POLICIES).get(f"{account.number}/{self.owner}/{found}", {})

    def _shelve(self, account: Account, shelf: Shelf, found: str, policy: str | None) -> None:
        with shelf.open(POLICIES) as records:
            records.pop(f"{account.number}/{self.owner}/{found}", None)
            if policy is not None:
                records[f"{account.number}/{self.owner}/{found}"] = {"policy": policy}

    def _call(self, account: Account, verb: str, owner: str, name: str, **more: object):
        word = self.owner.capitalize()
        call = getattr(account.client("iam"), f"{verb}_{self.owner}_policy")
        return call(**{f"{word}Name": owner, "PolicyName": name, **more})

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        owner, name = str(inputs[self.owner]), str(inputs["name"])
        if _GRANTS in str(inputs["policy"]):
            self._shelve(account, shelf, f"{owner}:{name}", str(inputs["policy"]))
            return f"{owner}:{name}"
        with doing(f"putting IAM {self.owner.capitalize()} ({owner}) Policy ({name})"):
            self._call(account, "put", owner, name, PolicyDocument=inputs["policy"])
        return f"{owner}:{name}"

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del known
        owner, _, name = found.partition(":")
        if shelved := self._shelved(account, shelf, found):
            return {self.owner: owner, "name": name, **shelved}
        try:
            with absent(_MISSING):
                answer = self._call(account, "get", owner, name)
        except LookupError:
            return None
        return {self.owner: owner, "name": name, "policy": json.dumps(answer["PolicyDocument"])}

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        if (_GRANTS in str(old["policy"])) != (_GRANTS in str(new["policy"])):
            self.delete(account, shelf, found, old)
        self.create(account, shelf, new)

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del known
        owner, _, name = found.partition(":")
        if self._shelved(account, shelf, found):
            self._shelve(account, shelf, found, None)
            return
        with doing(f"deleting IAM {self.owner.capitalize()} Policy ({found})"):
            self._call(account, "delete", owner, name)


class RolePolicy(Inline):
    """A policy inside a role."""

    token = "aws:iam/rolePolicy:RolePolicy"
    taught = frozenset({"name", "policy", "role"})
    owner = "role"


class UserPolicy(Inline):
    """A policy inside a user."""

    token = "aws:iam/userPolicy:UserPolicy"
    taught = frozenset({"name", "policy", "user"})
    owner = "user"


class Policy(Kind):
    """A policy of its own, to attach."""

    token = "aws:iam/policy:Policy"
    taught = frozenset({"description", "name", "path", "policy", "tags"})
    named = "name"
    documents = frozenset({"policy"})
    defaults: ClassVar[Mapping[str, object]] = {"path": "/"}

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        del shelf
        name = str(inputs["name"])
        with doing(f"creating IAM Policy ({name})"):
            made = account.client("iam").create_policy(
                PolicyName=name,
                Path=inputs.get("path", "/"),
                PolicyDocument=inputs["policy"],
                Description=inputs.get("description", ""),
                Tags=tag_list(inputs),
            )
        return str(made["Policy"]["Arn"])

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del shelf, known
        client = account.client("iam")
        try:
            with absent(_MISSING):
                policy = client.get_policy(PolicyArn=found)["Policy"]
        except LookupError:
            return None
        version = client.get_policy_version(PolicyArn=found, VersionId=policy["DefaultVersionId"])[
            "PolicyVersion"
        ]
        return {
            "arn": found,
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "policyId": policy["PolicyId"],
            "attachmentCount": policy["AttachmentCount"],
            "description": policy.get("Description") or None,
            "policy": json.dumps(version["Document"]),
            **tagged(policy.get("Tags", [])),
        }

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        del shelf
        client = account.client("iam")
        with doing(f"updating IAM Policy ({found})"):
            versions = client.list_policy_versions(PolicyArn=found)["Versions"]
            spare = [v["VersionId"] for v in versions if not v["IsDefaultVersion"]]
            if len(spare) == 4:  # of five that IAM keeps
                client.delete_policy_version(PolicyArn=found, VersionId=min(spare))
            client.create_policy_version(
                PolicyArn=found, PolicyDocument=new["policy"], SetAsDefault=True
            )
            _retag(client, "policy", {"PolicyArn": found}, old, new)

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del shelf, known
        client = account.client("iam")
        with doing(f"deleting IAM Policy ({found})"):
            for version in client.list_policy_versions(PolicyArn=found)["Versions"]:
                if not version["IsDefaultVersion"]:
                    client.delete_policy_version(PolicyArn=found, VersionId=version["VersionId"])
            client.delete_policy(PolicyArn=found)


class Attachment(Kind):
    """A policy of its own in a role; its id is ``role/ARN``."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    taught = frozenset({"policyArn", "role"})

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        del shelf
        role, policy = str(inputs["role"]), str(inputs["policyArn"])
        with doing(f"attaching IAM Policy ({policy}) to IAM Role ({role})"):
            account.client("iam").attach_role_policy(RoleName=role, PolicyArn=policy)
        return f"{role}/{policy}"

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del shelf, known
        role, _, policy = found.partition("/")
        try:
            with absent(_MISSING):
                answer = account.client("iam").list_attached_role_policies(RoleName=role)
        except LookupError:
            return None
        if policy not in {attached["PolicyArn"] for attached in answer["AttachedPolicies"]}:
            return None
        return {"role": role, "policyArn": policy}

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        raise AssertionError((account, shelf, found, old, new))  # both of its inputs replace

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del shelf, known
        role, _, policy = found.partition("/")
        with doing(f"detaching IAM Policy ({policy}) from IAM Role ({role})"):
            account.client("iam").detach_role_policy(RoleName=role, PolicyArn=policy)


class AccessKey(Kind):
    """A key of a user; its secret is answered once."""

    token = "aws:iam/accessKey:AccessKey"
    taught = frozenset({"status", "user"})
    defaults: ClassVar[Mapping[str, object]] = {"status": "Active"}
    kept = frozenset({"secret"})
    secret = frozenset({"secret", "sesSmtpPasswordV4"})

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        del shelf
        user, client = str(inputs["user"]), account.client("iam")
        with doing(f"creating IAM Access Key ({user})"):
            key = client.create_access_key(UserName=user)["AccessKey"]
            if inputs.get("status") == "Inactive":
                client.update_access_key(
                    UserName=user, AccessKeyId=key["AccessKeyId"], Status="Inactive"
                )
        self._secrets[key["AccessKeyId"]] = key["SecretAccessKey"]
        return str(key["AccessKeyId"])

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del shelf
        client = account.client("iam")
        user = known.get("user")
        try:
            with absent(_MISSING):
                if user is None:  # an import names the key alone
                    user = client.get_access_key_last_used(AccessKeyId=found).get("UserName")
                keys = client.list_access_keys(UserName=user)["AccessKeyMetadata"]
        except LookupError:
            return None
        mine = [key for key in keys if key["AccessKeyId"] == found]
        if not mine:
            return None
        return {
            "user": user,
            "status": mine[0]["Status"],
            "createDate": mine[0]["CreateDate"].isoformat(),
            "secret": known.get("secret") or self._secrets.get(found),
        }

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        del shelf, old
        with doing(f"updating IAM Access Key ({found})"):
            account.client("iam").update_access_key(
                UserName=new["user"], AccessKeyId=found, Status=new.get("status", "Active")
            )

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del shelf
        with doing(f"deleting IAM Access Key ({found})"):
            account.client("iam").delete_access_key(UserName=known["user"], AccessKeyId=found)


class OidcProvider(Kind):
    """The provider of an issuer."""

    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    taught = frozenset({"clientIdLists", "tags", "thumbprintLists", "url"})

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        del shelf
        thumbprints = (
            {"ThumbprintList": inputs["thumbprintLists"]} if (inputs.get("thumbprintLists")) else {}
        )
        with doing("creating IAM OIDC Provider"):
            made = account.client("iam").create_open_id_connect_provider(
                Url=inputs["url"],
                ClientIDList=inputs["clientIdLists"],
                Tags=tag_list(inputs),
                **thumbprints,
            )
        return str(made["OpenIDConnectProviderArn"])

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        del shelf, known
        try:
            with absent(_MISSING):
                answer = account.client("iam").get_open_id_connect_provider(
                    OpenIDConnectProviderArn=found
                )
        except LookupError:
            return None
        return {
            "arn": found,
            "url": answer["Url"],
            "clientIdLists": answer["ClientIDList"],
            "thumbprintLists": answer.get("ThumbprintList", []),
            **tagged(answer.get("Tags", [])),
        }

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        del shelf
        what, arn = f"updating IAM OIDC Provider ({found})", {"OpenIDConnectProviderArn": found}
        if not self.same("clientIdLists", old["clientIdLists"], new["clientIdLists"]):
            raise RefusalError(what, "clientIdLists changed, which moto has no call for")
        client = account.client("iam")
        with doing(what):
            _retag(client, "open_id_connect_provider", arn, old, new)

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        del shelf, known
        with doing(f"deleting IAM OIDC Provider ({found})"):
            account.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=found)

    def same(self, name: str, old: object, new: object) -> bool:
        if name == "url":  # IAM keeps it without its scheme
            return str(old).removeprefix("https://") == str(new).removeprefix("https://")
        if name == "clientIdLists":
            return _texts(old) == _texts(new)
        return super().same(name, old, new)


def _retag(client: Client, word: str, owner: Mapping[str, str], old: Plain, new: Plain) -> None:
    """Put the tags of *new* in the place of those of *old*."""
    if gone := [tag["Key"] for tag in tag_list(old)]:
        getattr(client, f"untag_{word}")(**owner, TagKeys=gone)
    if tags := tag_list(new):
        getattr(client, f"tag_{word}")(**owner, Tags=tags)


def _texts(value: object) -> set[str]:
    assert isinstance(value, list)
    return {str(item) for item in value}


KINDS = (
    Role(),
    User(),
    RolePolicy(),
    UserPolicy(),
    Policy(),
    Attachment(),
    AccessKey(),
    OidcProvider(),
)
