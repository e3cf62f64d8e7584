"""A moto server for tests: AWS's API on loopback, with many accounts."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import boto3
import urllib3
from moto.server import ThreadedMotoServer
from urllib3.exceptions import HTTPError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.engine.aws_double.account import Client

ACCOUNT: Final = "111122223333"
OTHER_ACCOUNT: Final = "444455556666"

REGION: Final = "eu-west-1"
_ANYBODY: Final = ("anybody", "canary-anybody")
"""A key that moto does not know, which it takes for its default account's."""

_START_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Keys:
    """Credentials."""

    access_key: str
    secret_key: str
    token: str | None = None


@dataclass(frozen=True)
class MotoServer:
    """A running server."""

    port: int

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self.port}"

    def variables(self, account: str = ACCOUNT) -> Mapping[str, str]:
        """What a program's environment must hold to be logged in to an account as its admin."""
        keys = self.admin(account)
        return {
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.token or "",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def admin(self, account: str = ACCOUNT) -> Keys:
        """Keys of an account's admin, whoever that is: nothing is enforced until it is asked."""
        return _admin(self, account)

    def assume(self, role: str, by: Keys) -> Keys:
        """Assume a role."""
        answer = self.client("sts", by).assume_role(RoleArn=role, RoleSessionName="test")
        keys = answer["Credentials"]
        return Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def client(self, service: str, by: Keys | None = None, region: str = REGION) -> Client:
        """Return a client of a service; None: of the admin of :data:`ACCOUNT`."""
        return _client(self.endpoint, service, by or self.admin(), region)

    def reset(self) -> None:
        """Forget everything."""
        urllib3.request("POST", f"{self.endpoint}/moto-api/reset")

    @contextmanager
    def enforcing(self) -> Iterator[None]:
        """Let policies decide meanwhile; whose do not count is in the reference of moto."""
        self._enforce("0")
        try:
            yield
        finally:
            self._enforce("inf")

    def _enforce(self, after: str) -> None:
        # with a form's type the body would arrive empty
        url, headers = f"{self.endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        answer = urllib3.request("POST", url, body=after, headers=headers)
        assert answer.status == 200, answer.data


@contextmanager
def in_this_process() -> Iterator[str]:
    """A server in the test's own process, which starts in a moment; its ``host:port``.

    All of moto in a process has one state, so it is emptied first.
    """
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        urllib3.request("POST", f"http://{host}:{port}/moto-api/reset")
        yield f"{host}:{port}"
    finally:
        server.stop()


@functools.cache
def _admin(server: MotoServer, account: str) -> Keys:
    return server.assume(f"arn:aws:iam::{account}:role/admin", Keys(*_ANYBODY))


@functools.cache
def _client(endpoint: str, service: str, keys: Keys, region: str) -> Client:
    """Make a client, which costs a tenth of a second, once."""
    session = boto3.Session(keys.access_key, keys.secret_key, keys.token, region_name=region)
    make = cast("Callable[..., Client]", session.client)
    return make(service, endpoint_url=endpoint)


@contextmanager
def running(folder: Path) -> Iterator[MotoServer]:
    """Start a server; end it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ambient = ("AWS_", "MOTO_", "INITIAL_NO_AUTH_ACTION_COUNT")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(ambient)}
    with (folder / "moto.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            _await(process, port)
            yield MotoServer(port)
        finally:
            process.terminate()
            process.wait()


def _await(process: subprocess.Popen, port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib3.request("GET", f"http://127.0.0.1:{port}/moto-api/data.json", retries=False)
        except HTTPError:
            time.sleep(0.1)
        else:
            return
    msg = f"moto: no answer on port {port}, exit code {process.poll()}"
    raise RuntimeError(msg)
