"""Rules of the installation: the cluster, Argo and its server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.config.argo import UPLOADS
from argo_artifacts.config.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.config.argo import Argo, Feature
    from argo_artifacts.config.rules.draft import Draft


def gate(where: str, argo: Argo, feature: Feature) -> Iterator[Fault]:
    """Refuse *feature* with a release of Argo that does not have it (R14)."""
    if not argo.has(feature):
        yield Fault(
            where,
            f"{feature.what} with Argo {argo.version}, {feature.since} or newer is accepted (R14)",
        )


def faults(draft: Draft) -> Iterator[Fault]:
    """The server's access and uploads."""
    if draft.argo is None:
        return
    path = f"{draft.root}argo.server"
    server = draft.argo.server
    if server.uploads:
        yield from gate(f"{path}.uploads", draft.argo, UPLOADS)
    if server.secret_readers and server.auth_mode == "server":
        yield Fault(
            f"{path}.secretReaders",
            "service accounts with authMode server, an empty list is accepted; argo-server reads"
            " the Secrets itself",
        )
    if server.access == "shared" and server.auth_mode != "server" and not server.secret_readers:
        yield Fault(
            f"{path}.secretReaders",
            f"missing, the users' service accounts are required with authMode {server.auth_mode}",
        )
