"""Types whose API moto lacks: the double answers for them, from its own file.

It keeps the rules that a program can trip over: what must exist, what exists once, what holds what.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from tests.engine.aws_double.kind import Kind, absent
from tests.engine.aws_double.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from providers.minio_admin.values import Plain
    from tests.engine.aws_double.account import Account
    from tests.engine.aws_double.shelf import Record, Shelf


class Shelved(Kind):
    """A record, by ``account/region/id``."""

    word: ClassVar[str]
    unique: ClassVar[tuple[str, ...]]
    """Inputs of which no two records of an account and region may have the same."""

    @abstractmethod
    def number(self, account: Account, inputs: Plain) -> str:
        """Return the id of a new one."""

    @abstractmethod
    def outputs(self, account: Account, region: str, found: str, inputs: Plain) -> Plain:
        """What the API adds to the inputs."""

    def require(self, account: Account, shelf: Shelf, place: str, inputs: Plain) -> None:
        """Refuse where something that must exist does not."""

    def refuse_delete(self, shelf: Shelf, place: str, found: str) -> None:
        """Refuse where something still hangs on it."""

    def create(self, account: Account, shelf: Shelf, inputs: Plain) -> str:
        place = self._place(account, inputs)
        self.require(account, shelf, place, inputs)
        found = self.number(account, inputs)
        with shelf.open(self.word) as records:
            for key, record in records.items():
                same = all(record.get(name) == inputs.get(name) for name in self.unique)
                if key.startswith(place) and same:
                    path = f"creating {self.word}"
                    raise RefusalError(path, f"{key}: exists, another one is not accepted")
            records[f"{place}{found}"] = dict(inputs)
        return self.id(account, inputs, found)

    def read(self, account: Account, shelf: Shelf, found: str, known: Plain) -> Plain | None:
        place, short = self._place(account, known), self.short(found)
        record = shelf.records(self.word).get(f"{place}{short}")
        if record is None:
            return None
        region = place.split("/")[1]
        tags = record.get("tags") or {}
        return {
            **record,
            "region": region,
            "tagsAll": tags,
            **self.outputs(account, region, short, record),
        }

    def update(self, account: Account, shelf: Shelf, found: str, old: Plain, new: Plain) -> None:
        del old
        with shelf.open(self.word) as records:
            records[f"{self._place(account, new)}{self.short(found)}"] = dict(new)

    def delete(self, account: Account, shelf: Shelf, found: str, known: Plain) -> None:
        place, short = self._place(account, known), self.short(found)
        self.refuse_delete(shelf, place, short)
        with shelf.open(self.word) as records:
            records.pop(f"{place}{short}", None)

    def id(self, account: Account, inputs: Plain, found: str) -> str:
        """Return the id of the resource."""
        del account, inputs
        return found

    def short(self, found: str) -> str:
        """Return the record's own part of an id."""
        return found.rpartition(",")[2]

    def _place(self, account: Account, inputs: Plain) -> str:
        return f"{account.number}/{inputs.get('region') or account.region}/"


class Association(Shelved):
    """A role for a service account; the cluster must be there."""

    token = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    taught = frozenset(
        {
            "clusterName",
            "disableSessionTags",
            "namespace",
            "region",
            "roleArn",
            "serviceAccount",
            "tags",
            "targetRoleArn",
        }
    )
    word = "EKS Pod Identity Association"
    unique = ("clusterName", "namespace", "serviceAccount")

    def require(self, account: Account, shelf: Shelf, place: str, inputs: Plain) -> None:
        del shelf, place
        client, name = account.client("eks", inputs.get("region")), inputs["clusterName"]
        try:
            with absent("ResourceNotFoundException"):
                client.describe_cluster(name=name)
        except LookupError:
            path = f"creating {self.word}"
            raise RefusalError(
                path,
                f"ResourceNotFoundException: No cluster found for name: {name}",
            ) from None

    def number(self, account: Account, inputs: Plain) -> str:
        return f"a-{_digest(account, inputs, self.unique)}"

    def outputs(self, account: Account, region: str, found: str, inputs: Plain) -> Plain:
        arn = f"arn:{account.partition}:eks:{region}:{account.number}:podidentityassociation"
        return {
            "associationId": found,
            "associationArn": f"{arn}/{inputs['clusterName']}/{found}",
            "disableSessionTags": inputs.get("disableSessionTags", False),
        }


class _Grants(Shelved):
    """What belongs to the S3 Access Grants instance of an account and region."""

    def arn(self, account: Account, region: str, rest: str) -> str:
        return f"arn:{account.partition}:s3:{region}:{account.number}:access-grants/default{rest}"


class Instance(_Grants):
    """The one instance of an account and region; its id is the account's number."""

    token = "aws:s3control/accessGrantsInstance:AccessGrantsInstance"
    taught = frozenset({"accountId", "region", "tags"})
    word = "S3 Access Grants Instance"
    unique = ()

    def number(self, account: Account, inputs: Plain) -> str:
        del inputs
        return account.number

    def outputs(self, account: Account, region: str, found: str, inputs: Plain) -> Plain:
        del inputs
        arn = self.arn(account, region, "")
        return {
            "accountId": found,
            "accessGrantsInstanceId": "default",
            "accessGrantsInstanceArn": arn,
        }

    def refuse_delete(self, shelf: Shelf, place: str, found: str) -> None:
        del found
        _refuse_while(shelf, Location.word, place, self.word, {})


class Location(_Grants):
    """A place and the role that reaches it; its id is ``account,id``."""

    token = "aws:s3control/accessGrantsLocation:AccessGrantsLocation"
    taught = frozenset({"accountId", "iamRoleArn", "locationScope", "region", "tags"})
    word = "S3 Access Grants Location"
    unique = ("locationScope",)

    def require(self, account: Account, shelf: Shelf, place: str, inputs: Plain) -> None:
        del account, inputs
        _require(shelf, Instance.word, place, self.word)

    def number(self, account: Account, inputs: Plain) -> str:
        return _digest(account, inputs, self.unique)

    def id(self, account: Account, inputs: Plain, found: str) -> str:
        del inputs
        return f"{account.number},{found}"

    def outputs(self, account: Account, region: str, found: str, inputs: Plain) -> Plain:
        del inputs
        return {
            "accountId": account.number,
            "accessGrantsLocationId": found,
            "accessGrantsLocationArn": self.arn(account, region, f"/location/{found}"),
        }

    def refuse_delete(self, shelf: Shelf, place: str, found: str) -> None:
        _refuse_while(shelf, Grant.word, place, self.word, {"accessGrantsLocationId": found})


class Grant(_Grants):
    """A right of somebody on a part of a place; its id is ``account,id``."""

    token = "aws:s3control/accessGrant:AccessGrant"
    taught = frozenset(
        {
            "accessGrantsLocationConfiguration",
            "accessGrantsLocationId",
            "accountId",
            "grantee",
            "permission",
            "region",
            "s3PrefixType",
            "tags",
        }
    )
    word = "S3 Access Grant"
    unique = (
        "accessGrantsLocationConfiguration",
        "accessGrantsLocationId",
        "grantee",
        "permission",
    )

    def require(self, account: Account, shelf: Shelf, place: str, inputs: Plain) -> None:
        del account
        _require(shelf, Location.word, f"{place}{inputs['accessGrantsLocationId']}", self.word)

    def number(self, account: Account, inputs: Plain) -> str:
        return _digest(account, inputs, self.unique)

    def id(self, account: Account, inputs: Plain, found: str) -> str:
        del inputs
        return f"{account.number},{found}"

    def outputs(self, account: Account, region: str, found: str, inputs: Plain) -> Plain:
        del inputs
        return {
            "accountId": account.number,
            "accessGrantId": found,
            "accessGrantArn": self.arn(account, region, f"/grant/{found}"),
        }


def _require(shelf: Shelf, word: str, place: str, wanted: str) -> None:
    if not any(key.startswith(place) for key in shelf.records(word)):
        path = f"creating {wanted}"
        raise RefusalError(path, f"no {word} at {place}, one is required")


def _refuse_while(
    shelf: Shelf, word: str, place: str, gone: str, having: Mapping[str, object]
) -> None:
    for key, record in shelf.records(word).items():
        if key.startswith(place) and _has(record, having):
            path = f"deleting {gone}"
            raise RefusalError(path, f"{word} {key} is still there, none is accepted")


def _has(record: Record, having: Mapping[str, object]) -> bool:
    return all(record.get(name) == value for name, value in having.items())


def _digest(account: Account, inputs: Plain, names: tuple[str, ...]) -> str:
    text = repr([account.number, inputs.get("region"), *(inputs.get(name) for name in names)])
    return hashlib.sha256(text.encode()).hexdigest()[:17]


KINDS = (Association(), Instance(), Location(), Grant())
