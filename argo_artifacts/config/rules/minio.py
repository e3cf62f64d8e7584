"""Rules of the backend ``minio``: TLS, keys in rotation, and credentials."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

from argo_artifacts.config.faults import Fault, nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argo_artifacts.config.backends.common import Bucket, ConfigKeys
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.rules.draft import Draft

_KEYS: Final = ("credentials", "shared_credentials", "existing_secret")
"""The three ways to name keys that exist already."""


def faults(draft: Draft) -> Iterator[Fault]:
    """Each repository on a MinIO server."""
    for name, repository in draft.repositories.items():
        if repository.minio is not None:
            yield from _minio(draft, name, repository.minio)


def _minio(draft: Draft, name: str, minio: Minio) -> Iterator[Fault]:
    path = f"{draft.repository(name)}.minio"
    if minio.tls.ca is not None and not minio.tls.enabled:
        yield Fault(f"{path}.tls.ca", "a CA with TLS off, TLS on or no CA is accepted (R4)")
    elif minio.tls.ca is not None:
        yield from _certificate(draft, f"{path}.tls.ca", minio.tls.ca)
    if minio.keys.publish not in minio.keys.live:
        yield Fault(
            f"{path}.keys.publish",
            f"{minio.keys.publish} does not live, {' or '.join(map(str, minio.keys.live))} is"
            " accepted; workflows use the key that Secrets publish (R18)",
        )
    if minio.lifecycle.noncurrent_expire_days is not None and not minio.bucket.versioning:
        yield Fault(
            f"{path}.lifecycle.noncurrentExpireDays",
            "a bucket without versioning has no noncurrent versions, versioning: true is accepted",
        )
    if minio.server == "credentials":
        yield from _credentials(draft, name, minio)
        return
    for key in _KEYS:
        if getattr(minio, key) is not None:
            yield Fault(
                f"{path}.{type(minio).model_fields[key].alias}",
                f"given with server {minio.server}, server credentials is accepted",
            )


def _certificate(draft: Draft, path: str, file: str) -> Iterator[Fault]:
    text = draft.certificates.get(file)
    if text is None:
        yield Fault(
            path,
            f"{file!r} cannot be read, a PEM file is accepted; it is looked for beside the stack"
            " file",
        )
    elif "PRIVATE KEY" in text:
        yield Fault(path, f"{file!r} holds a private key, certificates alone are accepted (R4)")
    else:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError):
            yield Fault(path, f"{file!r} holds no PEM certificate, a PEM file is accepted (R4)")


def _credentials(draft: Draft, name: str, minio: Minio) -> Iterator[Fault]:
    """Rules of a server whose bucket and keys exist already."""
    path = f"{draft.repository(name)}.minio"
    fields = type(minio).model_fields
    given = [fields[key].alias or key for key in _KEYS if getattr(minio, key) is not None]
    if len(given) != 1:
        yield Fault(
            path,
            f"{' and '.join(given) or 'no keys'} with server credentials, exactly one of"
            " credentials, sharedCredentials, existingSecret is accepted",
        )
    if minio.bucket.ownership != "use":
        yield Fault(
            f"{path}.bucket.ownership",
            f"{minio.bucket.ownership!r} with server credentials, use is accepted; the bucket"
            " exists already",
        )
    idle = {"adminEndpoint", "admin", "keys", "lifecycle", "provisioner"} & _given(minio)
    idle |= {f"bucket.{key}" for key in _given(minio.bucket) - {"name", "ownership"}}
    for key in sorted(idle):
        yield Fault(
            f"{path}.{key}", "has no effect with server credentials, nothing is accepted here"
        )
    if minio.credentials is not None:
        yield from _by_tenant(draft, name, minio.credentials)


def _by_tenant(draft: Draft, name: str, credentials: Mapping[str, ConfigKeys]) -> Iterator[Fault]:
    """Each tenant of the repository has its keys, and nobody else."""
    path = f"{draft.repository(name)}.minio.credentials"
    strangers = [t for t in sorted(credentials) if t not in (draft.tenant_names or credentials)]
    for tenant in strangers:
        known = draft.tenant_names or frozenset()
        yield Fault(f"{path}.{tenant}", f"no such tenant, {one_of(known, tenant)}")
    misspelt = {nearest(tenant, draft.tenant_names or ()) for tenant in strangers}
    for tenant in draft.tenants_of(name):
        if tenant not in credentials and tenant not in misspelt:
            yield Fault(
                f"{path}.{tenant}",
                "missing, its keys are required; the tenant uses this repository",
            )


def _given(model: Minio | Bucket) -> set[str]:
    """The keys that the file gives, as it spells them."""
    fields = type(model).model_fields
    return {fields[name].alias or name for name in model.model_fields_set}
