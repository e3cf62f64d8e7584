"""The AWS account behind one provider: sessions and clients over boto3, as configured."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, cast

from tests.engine.aws_double.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from boto3.session import Session


class Client(Protocol):
    """A client of any service, whose methods boto3 makes from the API's description."""

    def __getattr__(self, call: str) -> Callable[..., dict]: ...


class Account:
    """Calls of one provider: boto3's own credentials and endpoint, then the roles assumed.

    Args:
        region: Region of resources that have none of their own.
        roles: The roles to assume, one after the other: ``roleArn``, ``externalId``.
        allowed: Numbers of the accounts that may be changed; empty: all.
    """

    def __init__(
        self, region: str, roles: Sequence[Mapping[str, str]], allowed: Sequence[str]
    ) -> None:
        self.region = region
        self._roles = roles
        self._allowed = allowed
        self._clients: dict[tuple[str, str], Client] = {}
        self._lock = threading.Lock()

    def refuse_others(self) -> None:
        """Ask STS who is logged in.

        Raises:
            RefusalError: It is none of the accounts that are allowed.
        """
        if self._allowed and self.number not in self._allowed:
            accepted = ", ".join(repr(number) for number in self._allowed)
            path = "provider aws"
            raise RefusalError(path, f"logged in to {self.number!r}, {accepted} is accepted")

    @cached_property
    def number(self) -> str:
        """Number of the account, by STS."""
        return str(self.client("sts").get_caller_identity()["Account"])

    @property
    def partition(self) -> str:
        """Partition of the region."""
        known = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"}
        found = [name for start, name in known.items() if self.region.startswith(start)]
        return found[0] if found else "aws"

    def client(self, service: str, region: object = None):
        """The client of a service.

        Args:
            service: boto3's name of it.
            region: Region of the call; None: the provider's.
        """
        place = (service, str(region or self.region))
        with self._lock:
            if place not in self._clients:
                make = cast("Callable[..., Client]", self._session.client)
                self._clients[place] = make(service, region_name=place[1])
            return self._clients[place]

    @cached_property
    def _session(self) -> Session:
        import boto3  # noqa: PLC0415 - a tenth of a second, which a program without AWS never pays

        session = boto3.Session(region_name=self.region)
        for role in self._roles:
            outside = {"ExternalId": role["externalId"]} if role.get("externalId") else {}
            answer = session.client("sts").assume_role(
                RoleArn=role["roleArn"], RoleSessionName="pulumi", **outside
            )
            keys = answer["Credentials"]
            session = boto3.Session(
                keys["AccessKeyId"],
                keys["SecretAccessKey"],
                keys["SessionToken"],
                region_name=self.region,
            )
        return session
