"""Rules of a MinIO server that we install, and of a Job that provisions one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from argo_artifacts.config.backends.minio_helm import MIN_DRIVES, PORT
from argo_artifacts.config.faults import Fault
from argo_artifacts.config.rules.one_server import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.backends.minio_helm import HelmChart, HelmServer
    from argo_artifacts.config.rules.draft import Draft

_MAX_SET: Final = 16
"""Drives of one erasure set at most (MinIO); all sets of a server are equally large."""

_SHARED: Final = ("helm", "endpoint", "admin_endpoint", "provisioner", "region", "tls")
"""What repositories on one server must agree on."""


def faults(draft: Draft) -> Iterator[Fault]:
    """Each repository by itself, then those that share a namespace."""
    for name, repository in draft.repositories.items():
        minio = repository.minio
        if minio is None:
            continue
        path = f"{draft.repository(name)}.minio"
        if minio.server == "helm":
            yield from _server(draft, path, minio)
        elif "helm" in minio.model_fields_set:
            yield Fault(
                f"{path}.helm", f"given with server {minio.server}, server helm is accepted"
            )
        if minio.server != "credentials":
            yield from _way_in(path, minio)
    yield from _shared(draft)


def _way_in(path: str, minio: Minio) -> Iterator[Fault]:
    """How whoever provisions reaches the server: from here, or by a Job in the cluster."""
    if minio.provisioner is not None and minio.admin_endpoint is not None:
        yield Fault(
            f"{path}.provisioner",
            "given with adminEndpoint, one of both is accepted; with an adminEndpoint this machine"
            " provisions itself",
        )
    elif minio.server == "helm" and minio.provisioner is None and minio.admin_endpoint is None:
        yield Fault(
            f"{path}.adminEndpoint",
            "missing, adminEndpoint or provisioner is required; the first where this machine"
            " reaches the server, the second where only the cluster does",
        )


def _server(draft: Draft, path: str, minio: Minio) -> Iterator[Fault]:
    helm = minio.helm
    if "admin" in minio.model_fields_set:
        yield Fault(
            f"{path}.admin",
            "has no effect with server helm, nothing is accepted here; the admin's credentials are"
            " generated",
        )
    host = f"{helm.release}.{helm.namespace.name}.svc"
    if not re.fullmatch(rf"{re.escape(host)}(\.[-a-z0-9.]+)?:{PORT}", minio.endpoint):
        yield Fault(
            f"{path}.endpoint",
            f"{minio.endpoint!r} is not the server's Service, {host}:{PORT} is accepted; the"
            " cluster's domain may follow svc",
        )
    if helm.namespace.name in (draft.tenant_names or ()):
        yield Fault(
            f"{path}.helm.namespace.name",
            f"{helm.namespace.name!r} is a tenant, a namespace of the server's own is accepted; the"
            " admin's Secret stands there",
        )
    if draft.argo is not None and helm.namespace.name == draft.argo.namespace:
        yield Fault(
            f"{path}.helm.namespace.name",
            f"{helm.namespace.name!r} is Argo's, a namespace of the server's own is accepted; the"
            " admin's Secret stands there",
        )
    yield from _certificate(path, minio)
    yield from _chart(f"{path}.helm.chart", helm.chart)
    yield from _drives(f"{path}.helm.distributed", helm)


def _certificate(path: str, minio: Minio) -> Iterator[Fault]:
    given = minio.helm.certificate_secret is not None
    if minio.tls.enabled and not given:
        yield Fault(
            f"{path}.helm.certificateSecret",
            "missing, the Secret with the server's certificate is required; or tls.enabled: false",
        )
    if given and not minio.tls.enabled:
        yield Fault(
            f"{path}.helm.certificateSecret", "a certificate with TLS off, TLS on is accepted"
        )


def _chart(path: str, chart: HelmChart) -> Iterator[Fault]:
    sources = [name for name in ("repository", "path", "oci") if getattr(chart, name) is not None]
    if len(sources) != 1:
        yield Fault(
            path,
            f"{' and '.join(sources) or 'no source'}, exactly one of repository, path, oci is"
            " accepted",
        )
    elif chart.path is None and chart.version is None:
        yield Fault(f"{path}.version", f"missing, a version is required with {sources[0]}")
    elif chart.path is not None and chart.version is not None:
        yield Fault(f"{path}.version", "given with path, no version is accepted; the chart has one")


def _drives(path: str, helm: HelmServer) -> Iterator[Fault]:
    if helm.distributed is None:
        return
    drives = helm.distributed.replicas * helm.distributed.drives_per_node
    if not any(drives % size == 0 for size in range(MIN_DRIVES, _MAX_SET + 1)):
        yield Fault(
            path,
            f"{drives} drives in all, a multiple of a number from {MIN_DRIVES} to {_MAX_SET} is"
            " accepted; MinIO divides them into equal sets",
        )


def _shared(draft: Draft) -> Iterator[Fault]:
    """One server a namespace, described alike by all its repositories."""
    return differences(
        draft,
        lambda minio: minio.helm.namespace.name if minio.server == "helm" else None,
        _SHARED,
        lambda other, minio: (
            f"differs from repositories.{other}, which describes the server of namespace"
            f" {minio.helm.namespace.name} too, the same is accepted"
        ),
    )
