"""Rules of every repository: key format, versions of Argo, and the backends that are not built."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from argo_artifacts.config.argo import (
    ARTIFACTORY_KEY_FORMAT,
    AZURE_SAS,
    AZURE_WORKLOAD_IDENTITY,
    CA_SECRET,
    HDFS_PROTECTION,
    LOGS_CREDENTIALS,
    OSS_SDK_CREDENTIALS,
    PLUGIN,
    POD_IDENTITY,
    SESSION_TOKEN,
)
from argo_artifacts.config.faults import Fault, one_of
from argo_artifacts.config.repositories import BUILT
from argo_artifacts.config.rules.installation import gate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argo_artifacts.config.argo import Argo, Feature
    from argo_artifacts.config.backends.hdfs import Hdfs
    from argo_artifacts.config.repositories import Repository
    from argo_artifacts.config.rules.draft import Draft

_WORKFLOW_VARIABLES: Final = frozenset(
    {
        "pod.name",
        "workflow.name",
        "workflow.namespace",
        "workflow.serviceAccountName",
        "workflow.uid",
    }
)
_CREATED: Final = re.compile(r"workflow\.creationTimestamp(\.[A-Za-z0-9]+)?")
_SECRET_WORD: Final = re.compile(
    r"""(?imx)^[\s{,-]* ["']?
    \w*(secret|password|passwd|token|access_?key|private_?key)\w*(?<!name|path|file)["']?
    [ \t]*[:=][ \t]*[^\s{&*|>]"""
)
"""A line that gives a value to what is named like a secret; a mapping (a selector) is none."""


def faults(draft: Draft) -> Iterator[Fault]:
    """What holds of every repository, whatever its backend."""
    for name, repository in draft.repositories.items():
        path = draft.repository(name)
        yield from _key_format(f"{path}.keyFormat", repository.key_format)
        yield from _shared_with(draft, f"{path}.sharedWith", repository)
        if repository.backend not in BUILT:
            yield Fault(
                f"{path}.{repository.backend}",
                f"not built yet, {' or '.join(sorted(BUILT))} is accepted",
            )
        if draft.argo is not None:
            yield from _gates(path, repository, draft.argo)
        if repository.hdfs is not None:
            yield from _hdfs(f"{path}.hdfs", repository.hdfs)
        if repository.plugin is not None and _SECRET_WORD.search(repository.plugin.configuration):
            yield Fault(
                f"{path}.plugin.configuration",
                "holds what looks like a secret, names of Secrets are accepted; Argo copies this"
                " text into every Workflow (R16)",
            )


def _shared_with(draft: Draft, path: str, repository: Repository) -> Iterator[Fault]:
    for index, tenant in enumerate(repository.shared_with):
        if draft.tenant_names is not None and tenant not in draft.tenant_names:
            yield Fault(
                f"{path}[{index}]", f"{tenant!r} is no tenant, {one_of(draft.tenant_names, tenant)}"
            )
        if tenant in repository.shared_with[:index]:
            yield Fault(f"{path}[{index}]", f"{tenant!r} stands twice, once is accepted")


def _key_format(path: str, value: str) -> Iterator[Fault]:
    variables = {v.strip() for v in re.findall(r"\{\{(.*?)\}\}", value)}
    rest = re.sub(r"\{\{.*?\}\}", "x", value)
    if "pod.name" not in variables or not variables & {"workflow.name", "workflow.uid"}:
        yield Fault(
            path,
            f"{value!r}, a format with {{{{pod.name}}}} and {{{{workflow.name}}}} or"
            " {{workflow.uid}} is accepted; without them artifacts overwrite each other (R10)",
        )
    for variable in sorted(variables - _WORKFLOW_VARIABLES):
        if _CREATED.fullmatch(variable) is None:
            yield Fault(
                path,
                f"{{{{{variable}}}}}, only variables that every workflow has are accepted; a"
                " workflow without it would fail (R10)",
            )
    if rest.startswith("/") or rest.endswith("/") or ".." in rest.split("/") or "//" in rest:
        yield Fault(path, f"{value!r}, no '/' at the ends, no '//' and no '..' is accepted (R10)")
    if re.search(r"[{}\s]", rest):
        yield Fault(
            path, f"{value!r}, variables as in {{{{pod.name}}}} and no blanks are accepted (R10)"
        )


_IDENTITIES: Final[Mapping[tuple[str, str], Feature]] = {
    ("s3", "podIdentity"): POD_IDENTITY,
    ("s3", "accessGrants"): SESSION_TOKEN,
    ("azure", "workloadIdentity"): AZURE_WORKLOAD_IDENTITY,
    ("azure", "sas"): AZURE_SAS,
    ("oss", "rrsa"): OSS_SDK_CREDENTIALS,
}
"""Identities that came with a release of Argo, by backend."""

_STATIC: Final = frozenset(
    {"accessKeys", "serviceAccountKey", "hmac", "accountKey", "sas", "password"}
)
"""Identities whose credential stands in a Secret."""


def _gates(path: str, repository: Repository, argo: Argo) -> Iterator[Fault]:
    """Refuse what this release of Argo does not know yet, and keys where it would log them."""
    if repository.minio is not None and repository.minio.tls.ca is not None:
        yield from gate(f"{path}.minio.tls.ca", argo, CA_SECRET)
    if repository.artifactory is not None:
        yield from gate(f"{path}.artifactory", argo, ARTIFACTORY_KEY_FORMAT)
    if repository.plugin is not None:
        yield from gate(f"{path}.plugin", argo, PLUGIN)
    if repository.hdfs is not None and repository.hdfs.data_transfer_protection is not None:
        yield from gate(f"{path}.hdfs.dataTransferProtection", argo, HDFS_PROTECTION)
    identity, where = _identity(repository)
    refreshed = repository.s3 is not None and repository.s3.refreshed
    feature = _IDENTITIES.get((repository.backend, identity))
    if feature is not None:
        yield from gate(f"{path}.{where}", argo, feature)
    first, last = LOGS_CREDENTIALS
    if (identity in _STATIC or refreshed) and first <= argo.release <= last:
        yield Fault(
            f"{path}.{where}",
            f"access keys with Argo {argo.version}, which writes them into its logs, a release"
            f" before {first} or after {last} is accepted; upgrade Argo (R14)",
        )


def _identity(repository: Repository) -> tuple[str, str]:
    """By what *repository* is reached, and where that is written below its path."""
    if repository.minio is not None:
        return "accessKeys", "minio"
    if repository.artifactory is not None:
        return "password", "artifactory"
    for cloud in (repository.s3, repository.gcs, repository.azure, repository.oss):
        if cloud is not None:
            return cloud.identity, f"{repository.backend}.identity"
    return "none", repository.backend


def _hdfs(path: str, hdfs: Hdfs) -> Iterator[Fault]:
    """Argo checks these for artifacts at submit, never for repositories (R9)."""
    if (hdfs.user is None) == (hdfs.kerberos is None):
        found = "neither" if hdfs.user is None else "both"
        yield Fault(path, f"{found} of user and kerberos, exactly one is accepted (R9)")
    if hdfs.kerberos is None:
        return
    kerberos = hdfs.kerberos
    if (kerberos.credential_cache is None) == (kerberos.keytab is None):
        found = "neither" if kerberos.keytab is None else "both"
        yield Fault(
            f"{path}.kerberos",
            f"{found} of credentialCache and keytab, exactly one is accepted (R9)",
        )
    if kerberos.keytab is not None:
        for key, value in (("username", kerberos.username), ("realm", kerberos.realm)):
            if value is None:
                yield Fault(f"{path}.kerberos.{key}", "missing, a keytab needs it (R9)")
