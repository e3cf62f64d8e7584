"""Rules across fields and entries: what Argo, Kubernetes or the stores would not check.

Each rule looks only at entries that are sound by themselves, so that all faults of all files
come out of one run. Numbers ``R1`` to ``R24`` are those of Argo's unchecked rules.
"""

from __future__ import annotations

import difflib
import re
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from argo_artifacts.config import argo as features
from argo_artifacts.config.faults import Fault
from argo_artifacts.config.repositories import BUILT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.config.argo import Argo, Feature
    from argo_artifacts.config.backends.hdfs import Hdfs
    from argo_artifacts.config.backends.minio import Minio
    from argo_artifacts.config.repositories import Repository
    from argo_artifacts.config.tenants import EffectiveTenant

MAX_LIFECYCLE_RULES: Final = 1000
"""Lifecycle rules of one bucket (S3 and MinIO)."""

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
_SECRET_WORD: Final = re.compile(r"(?im)^\s*-?\s*\w*(secret|password|token|accesskey)\w*\s*:\s*\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The sound entries of a stack, and the names of all that were written."""

    root: str
    """Path of the configuration: ``argo-artifacts:``."""

    argo: Argo | None
    repositories: Mapping[str, Repository]
    tenants: Mapping[str, EffectiveTenant]
    tenant_paths: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where each tenant stands, by namespace."""

    repository_names: frozenset[str] = frozenset()
    """All repositories that were written, sound or not."""

    tenant_names: frozenset[str] = frozenset()
    certificates: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Text of each CA file by the path in the file; None: it could not be read."""

    def repository(self, name: str) -> str:
        """Path of repository *name*."""
        return f"{self.root}repositories.{name}"

    def tenants_of(self, repository: str) -> list[str]:
        """Tenants that use *repository*, sorted."""
        return sorted(
            name
            for name, tenant in self.tenants.items()
            if any(use.name == repository for use in tenant.repositories)
        )


def faults(draft: Draft) -> Iterator[Fault]:
    """Yield every fault that no single field shows."""
    if draft.argo is not None:
        yield from _argo(draft, draft.argo)
    for name, repository in draft.repositories.items():
        yield from _repository(draft, name, repository)
    yield from _buckets(draft)
    for tenant in draft.tenants.values():
        yield from _tenant(draft, tenant)
    yield from _prefixes(draft)


def _gate(where: str, argo: Argo, feature: Feature) -> Iterator[Fault]:
    if not argo.has(feature):
        yield Fault(
            where,
            f"{feature.what} with Argo {argo.version}, {feature.since} or newer is accepted (R14)",
        )


def _argo(draft: Draft, argo: Argo) -> Iterator[Fault]:
    path = f"{draft.root}argo.server"
    server = argo.server
    if server.uploads:
        yield from _gate(f"{path}.uploads", argo, features.UPLOADS)
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


def _repository(draft: Draft, name: str, repository: Repository) -> Iterator[Fault]:
    path = draft.repository(name)
    yield from _key_format(f"{path}.keyFormat", repository.key_format)
    for tenant in repository.shared_with:
        if tenant not in draft.tenant_names:
            yield Fault(f"{path}.sharedWith", f"{tenant!r}, {_one_of(draft.tenant_names, tenant)}")
    if repository.backend not in BUILT:
        yield Fault(
            f"{path}.{repository.backend}", f"not built yet, {', '.join(sorted(BUILT))} is accepted"
        )
    if draft.argo is not None:
        yield from _gates(path, repository, draft.argo)
    if repository.minio is not None:
        yield from _minio(draft, name, repository.minio)
    if repository.hdfs is not None:
        yield from _hdfs(f"{path}.hdfs", repository.hdfs)
    if repository.plugin is not None and _SECRET_WORD.search(repository.plugin.configuration):
        yield Fault(
            f"{path}.plugin.configuration",
            "holds what looks like a secret, names of Secrets are accepted; Argo copies this text"
            " into every Workflow (R16)",
        )


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


def _gates(path: str, repository: Repository, argo: Argo) -> Iterator[Fault]:
    """Refuse what this release of Argo does not know yet, and keys where it would log them."""
    if repository.minio is not None and repository.minio.tls.ca is not None:
        yield from _gate(f"{path}.minio.tls.ca", argo, features.CA_SECRET)
    if repository.artifactory is not None:
        yield from _gate(f"{path}.artifactory", argo, features.ARTIFACTORY_KEY_FORMAT)
    if repository.plugin is not None:
        yield from _gate(f"{path}.plugin", argo, features.PLUGIN)
    if repository.hdfs is not None and repository.hdfs.data_transfer_protection is not None:
        yield from _gate(f"{path}.hdfs.dataTransferProtection", argo, features.HDFS_PROTECTION)
    identities = {
        ("s3", "podIdentity"): features.POD_IDENTITY,
        ("s3", "assumeRole"): features.ROLE_ARN_REGION,
        ("s3", "accessGrants"): features.SESSION_TOKEN,
        ("azure", "workloadIdentity"): features.AZURE_WORKLOAD_IDENTITY,
        ("azure", "sas"): features.AZURE_SAS,
        ("oss", "rrsa"): features.OSS_SDK_CREDENTIALS,
    }
    identity = _identity(repository)
    feature = identities.get((repository.backend, identity))
    if feature is not None:
        yield from _gate(f"{path}.{repository.backend}.identity", argo, feature)
    first, last = features.LOGS_CREDENTIALS
    if identity in _STATIC and first <= argo.release <= last:
        where = f"{path}.minio" if repository.minio else f"{path}.{repository.backend}.identity"
        yield Fault(
            where,
            f"access keys with Argo {argo.version}, which writes them into its logs, a release"
            f" before {first} or after {last} is accepted; upgrade Argo (R14)",
        )


_STATIC: Final = frozenset(
    {"accessKeys", "serviceAccountKey", "hmac", "accountKey", "sas", "password"}
)


def _identity(repository: Repository) -> str:
    if repository.minio is not None:
        return "accessKeys"
    if repository.artifactory is not None:
        return "password"
    for cloud in (repository.s3, repository.gcs, repository.azure, repository.oss):
        if cloud is not None:
            return cloud.identity
    return "none"


def _minio(draft: Draft, name: str, minio: Minio) -> Iterator[Fault]:
    path = f"{draft.repository(name)}.minio"
    if minio.server == "helm":
        yield Fault(
            f"{path}.server", "'helm' is not built yet, external or credentials is accepted"
        )
    if minio.tls.ca is not None and not minio.tls.enabled:
        yield Fault(f"{path}.tls.ca", "a CA with TLS off, TLS on or no CA is accepted (R4)")
    elif minio.tls.ca is not None:
        yield from _certificate(draft, f"{path}.tls.ca", minio.tls.ca)
    if minio.keys.publish not in minio.keys.live:
        yield Fault(
            f"{path}.keys.publish",
            f"{minio.keys.publish} is not among the live keys, one of"
            f" {', '.join(map(str, minio.keys.live))} is accepted",
        )
    if minio.lifecycle.noncurrent_expire_days is not None and not minio.bucket.versioning:
        yield Fault(
            f"{path}.lifecycle.noncurrentExpireDays",
            "a bucket without versioning has no noncurrent versions, versioning: true is accepted",
        )
    if minio.server == "credentials":
        yield from _credentials(draft, name, minio)
    else:
        for key in ("credentials", "shared_credentials", "existing_secret"):
            if getattr(minio, key) is not None:
                alias = type(minio).model_fields[key].alias
                yield Fault(
                    f"{path}.{alias}",
                    f"given with server {minio.server}, only credentials is accepted",
                )


def _certificate(draft: Draft, path: str, file: str) -> Iterator[Fault]:
    text = draft.certificates.get(file)
    if text is None:
        yield Fault(
            path,
            f"{file!r} cannot be read, a PEM file is accepted; it is looked for beside the stack file",
        )
        return
    try:
        ssl.create_default_context().load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        yield Fault(path, f"{file!r} holds no PEM certificate, a PEM file is accepted (R4)")


def _credentials(draft: Draft, name: str, minio: Minio) -> Iterator[Fault]:
    """Rules of a server whose bucket and keys exist already."""
    path = f"{draft.repository(name)}.minio"
    given = [
        key
        for key, value in (
            ("credentials", minio.credentials),
            ("sharedCredentials", minio.shared_credentials),
            ("existingSecret", minio.existing_secret),
        )
        if value is not None
    ]
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
    idle = {"adminEndpoint", "admin", "keys", "lifecycle"} & _given(minio)
    idle |= {f"bucket.{k}" for k in _given(minio.bucket) - {"name", "ownership"}}
    for key in sorted(idle):
        yield Fault(
            f"{path}.{key}", "has no effect with server credentials, nothing is accepted here"
        )
    if minio.credentials is not None:
        users = draft.tenants_of(name)
        for tenant in users:
            if tenant not in minio.credentials:
                yield Fault(
                    f"{path}.credentials.{tenant}", "missing, the tenant uses this repository"
                )
        for tenant in sorted(minio.credentials):
            if tenant not in draft.tenant_names:
                yield Fault(
                    f"{path}.credentials.{tenant}",
                    f"no such tenant, {_one_of(draft.tenant_names, tenant)}",
                )


def _given(model: Minio | object) -> set[str]:
    """The keys that the file gives, as it spells them."""
    fields = getattr(type(model), "model_fields", {})
    return {fields[name].alias or name for name in getattr(model, "model_fields_set", ())}


def _hdfs(path: str, hdfs: Hdfs) -> Iterator[Fault]:
    """Argo checks these for artifacts at submit, never for repositories (R9)."""
    if (hdfs.user is None) == (hdfs.kerberos is None):
        yield Fault(path, "exactly one of user, kerberos is accepted (R9)")
    if hdfs.kerberos is None:
        return
    kerberos = hdfs.kerberos
    if (kerberos.credential_cache is None) == (kerberos.keytab is None):
        yield Fault(f"{path}.kerberos", "exactly one of credentialCache, keytab is accepted (R9)")
    if kerberos.keytab is not None:
        for key, value in (("username", kerberos.username), ("realm", kerberos.realm)):
            if value is None:
                yield Fault(f"{path}.kerberos.{key}", "missing, a keytab needs it (R9)")


def _buckets(draft: Draft) -> Iterator[Fault]:
    """One bucket has one repository that makes it."""
    makers: dict[tuple[str, str], str] = {}
    for name, repository in draft.repositories.items():
        minio = repository.minio
        if minio is None or minio.bucket.ownership == "use":
            continue
        store = (minio.admin_endpoint or minio.endpoint, minio.bucket.name)
        if store in makers:
            yield Fault(
                f"{draft.repository(name)}.minio.bucket.ownership",
                f"{minio.bucket.name!r} is managed by repositories.{makers[store]} already, use is"
                " accepted",
            )
        makers.setdefault(store, name)
        rules = len(draft.tenants_of(name))
        if rules > MAX_LIFECYCLE_RULES and _expires_by_tenant(draft, name):
            yield Fault(
                f"{draft.repository(name)}.minio.lifecycle",
                f"{rules} rules, at most {MAX_LIFECYCLE_RULES} are accepted; give all tenants the"
                " repository's expireDays",
            )


def _expires_by_tenant(draft: Draft, repository: str) -> bool:
    return any(
        use.expire_days is not None
        for tenant in draft.tenants.values()
        for use in tenant.repositories
        if use.name == repository
    )


def _tenant(draft: Draft, tenant: EffectiveTenant) -> Iterator[Fault]:
    path = draft.tenant_paths[tenant.name]
    if draft.argo is not None:
        collector = draft.argo.collector_service_account
        if collector in tenant.service_accounts:
            yield Fault(
                f"{path}.serviceAccounts",
                f"{collector!r} is the collector, another name is accepted; it would let workflows"
                " delete artifacts",
            )
    for name in _repeated(tenant.service_accounts):
        yield Fault(f"{path}.serviceAccounts", f"{name!r} stands twice, once is accepted")
    for name in _repeated(use.name for use in tenant.repositories):
        yield Fault(f"{path}.repositories", f"{name!r} stands twice, once is accepted")
    for index, use in enumerate(tenant.repositories):
        where = f"{path}.repositories[{index}]"
        if use.name not in draft.repository_names:
            yield Fault(where, f"{use.name!r}, {_one_of(draft.repository_names, use.name)}")
            continue
        repository = draft.repositories.get(use.name)
        if repository is None:
            continue
        if repository.shared_with and tenant.name not in repository.shared_with:
            yield Fault(
                where,
                f"{use.name!r} is shared with {', '.join(repository.shared_with)}, those are"
                f" accepted; add {tenant.name} to its sharedWith",
            )
        if use.prefix is not None and not repository.shared_with:
            yield Fault(
                f"{where}.prefix",
                f"{use.prefix!r} in a repository that is not shared, no prefix is accepted; the"
                " tenant's own one is <cluster>/<namespace>/",
            )
        if use.expire_days is not None and repository.shared_with:
            yield Fault(
                f"{where}.expireDays",
                "in a shared repository, the repository's lifecycle is accepted",
            )


def _prefixes(draft: Draft) -> Iterator[Fault]:
    """No tenant's own prefix is, or holds, a shared one on the same bucket."""
    for name, repository in draft.repositories.items():
        for tenant in draft.tenants.values():
            for index, use in enumerate(tenant.repositories):
                if use.name != name or use.prefix is None or not repository.shared_with:
                    continue
                for other in draft.tenants.values():
                    own = f"/{other.name}/"
                    if f"/{use.prefix}".endswith(own) or own in f"/{use.prefix}":
                        yield Fault(
                            f"{draft.tenant_paths[tenant.name]}.repositories[{index}].prefix",
                            f"{use.prefix!r} reaches into the prefix of tenant {other.name}, a"
                            " prefix of its own is accepted",
                        )


def _repeated(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return sorted({name for name in names if name in seen or seen.add(name)})


def _one_of(names: Iterable[str], found: str) -> str:
    known = sorted(names)
    near = difflib.get_close_matches(found, known, n=1)
    accepted = f"one of {', '.join(known)} is accepted" if known else "none is there to choose"
    return accepted + (f"; did you mean {near[0]}" if near else "")
