"""Connections: the servers of a stack, and a client for each credential found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.verify.aws_calls import Services
from argo_artifacts.verify.store import Keys, Server, Store

if TYPE_CHECKING:
    from pathlib import Path

    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.verify.aws_probes import Opened
    from argo_artifacts.verify.identities import Identity
    from argo_artifacts.verify.lookup import Found
    from argo_artifacts.verify.places import Holder


def minio_of(settings: Settings, repository: str) -> Minio:
    """The server settings of *repository*.

    Raises:
        KeyError: the repository is on no such server.
    """
    minio = settings.repositories[repository].minio
    if minio is None:
        raise KeyError(repository)
    return minio


def server_of(settings: Settings, repository: str) -> str:
    """What a repository's server is called: its address, or S3 and the region."""
    s3 = settings.repositories[repository].s3
    return address(minio_of(settings, repository)) if s3 is None else f"S3 {s3.region}"


def address(minio: Minio) -> str:
    """Where we reach a server: pods may use an endpoint that only they can reach."""
    return minio.admin_endpoint or minio.endpoint


class Connections:
    """All clients of a run."""

    def __init__(self, settings: Settings, scratch: Path) -> None:
        self.tenants: dict[Holder, Store] = {}
        self.provisioners: dict[str, Store] = {}
        """By address of the server."""

        self.same_key: dict[Holder, int] = {}
        self.opened: dict[Holder, Opened] = {}
        """By identity on AWS, what came of the steps to its session."""

        self.notes: dict[str, None] = {}
        self._settings = settings
        self._scratch = scratch
        self._servers: dict[tuple[str, bool, str, str | None], Server] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._services: dict[str, Services] = {}

    def services(self, region: str) -> Services:
        """AWS's services beside S3 in *region*."""
        return self._services.setdefault(region, Services(region))

    def open_on_aws(self, identity: Identity, opened: Opened) -> None:
        """Make the client of a session on AWS."""
        holder = identity.holder
        self.opened[holder] = opened
        if opened.keys is None or identity.aws is None:
            return
        if identity.way == "secret":
            key = ("AWS", opened.keys.access_key)
            self.same_key[holder] = self._numbers.setdefault(key, len(self._numbers))
        way = (identity.aws.host, True, identity.aws.region, None)
        server = self._servers.setdefault(
            way, Server(identity.aws.host, secure=True, region=identity.aws.region, aws=True)
        )
        self.tenants[holder] = Store(server, opened.keys)

    def open(self, found: Found) -> None:
        """Make the client of a tenant's credential."""
        if found.keys is None:
            return
        minio = minio_of(self._settings, found.holder.repository)
        at = address(minio)
        number = self._numbers.setdefault((at, found.keys.access_key), len(self._numbers))
        self.same_key[found.holder] = number
        server = self._server(at, found.ca, secure=found.secure, region=found.region)
        self.tenants[found.holder] = Store(server, found.keys)
        if at != found.endpoint:
            name = found.holder.repository
            note = f"{name}: reached at {at} (adminEndpoint), pods use {found.endpoint}"
            self.notes[note] = None

    def provision(self, minio: Minio, keys: Keys) -> None:
        """Make the client of a server's provisioner."""
        ca = None if minio.tls.ca is None else self._settings.certificates.get(minio.tls.ca)
        at = address(minio)
        server = self._server(at, ca, secure=minio.tls.enabled, region=minio.region)
        self.provisioners[at] = Store(server, keys)

    def close(self) -> None:
        """Close all of them."""
        for store in (*self.tenants.values(), *self.provisioners.values()):
            store.close()

    def _server(self, at: str, ca: str | None, *, secure: bool, region: str) -> Server:
        """One server object for each way to reach it, so that a loss is known to all."""
        way = (at, secure, region, ca)
        if way not in self._servers:
            file = None
            if ca is not None:
                file = self._scratch / f"ca-{len(self._servers)}.pem"
                file.write_text(ca, encoding="utf-8")
            self._servers[way] = Server(at, secure, region, None if file is None else str(file))
        return self._servers[way]
