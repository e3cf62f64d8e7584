"""Reading: the configuration of a stack to settings, all faults of all files at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TypeVar

from argo_artifacts.config.argo import Argo
from argo_artifacts.config.aws import Aws
from argo_artifacts.config.base import A_LABEL, NAMESPACE, ConfigError, Model
from argo_artifacts.config.cluster import Cluster
from argo_artifacts.config.faults import nearest, spell, unknown_key
from argo_artifacts.config.reader import Reader, as_mapping
from argo_artifacts.config.repositories import BACKENDS, Repository
from argo_artifacts.config.rules import faults as rule_faults
from argo_artifacts.config.rules.draft import Draft
from argo_artifacts.config.settings import Settings, StackFile, secret_keys
from argo_artifacts.config.tenant_files import Written, read_tenants
from argo_artifacts.config.tenants import TenantDefaults, effective
from argo_artifacts.config.yaml_file import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ROOT: Final = f"{NAMESPACE}:"
KUBECONFIG: Final = "kubeconfig"
"""Secret configuration key that may hold the kubeconfig's text."""

STRUCTURED: Final = tuple(field.alias or name for name, field in StackFile.model_fields.items())
"""The structured configuration keys."""

MAX_INLINE_BYTES: Final = 128 * 1024
"""Bytes of the environment variable in which the program gets its configuration (Linux)."""

M = TypeVar("M", bound=Model)


def parse(
    values: Mapping[str, object],
    *,
    project: str,
    stack: str,
    folder: Path,
    secrets: Iterable[str] = (),
) -> Settings:
    """Make settings of the configuration *values* of one stack, or raise all faults at once.

    Args:
        values: value of each key of the project, without the namespace (``tenants``); secret
            values are not looked at and may be anything.
        project: name of the Pulumi project.
        stack: name of the stack.
        folder: where relative paths start: the folder of the stack file.
        secrets: the keys in *values* whose values are secret.

    Raises:
        ConfigError: one line for each fault.
    """
    reader = Reader()
    encrypted = frozenset(secrets)
    given = _Given(values, encrypted)
    for key in sorted(encrypted & set(STRUCTURED) & set(values)):
        reader.say(f"{ROOT}{key}", "a secret, a plain value is accepted")
    cluster = _section(reader, given, "cluster", Cluster)
    if cluster is not None and cluster.kubeconfig is None and KUBECONFIG not in values:
        reader.say(
            f"{ROOT}cluster.kubeconfig",
            "missing, a path is required; or set the secret key with"
            f" `pulumi config set --secret {KUBECONFIG}`",
        )
    argo = _section(reader, given, "argo", Argo)
    aws = _section(reader, given, "aws", Aws) if given.has("aws") else None
    repositories, names = _repositories(reader, given)
    defaults: TenantDefaults | None = TenantDefaults()
    if given.has("tenantDefaults"):
        defaults = _section(reader, given, "tenantDefaults", TenantDefaults)
    written = _tenants(reader, given, folder)
    certificates = _certificates(repositories, folder)
    reader.faults += rule_faults(
        Draft(
            root=ROOT,
            cluster=cluster,
            argo=argo,
            aws=aws,
            aws_written=given.has("aws"),
            repositories=repositories,
            repository_names=names,
            defaults=defaults,
            tenants=written.sound,
            tenant_paths=written.paths,
            tenant_names=frozenset(written.paths) if written.complete else None,
            certificates=certificates,
        )
    )
    _other_keys(reader, given, repositories, complete=names == frozenset(repositories))
    _inline(reader, values)
    if reader.faults or cluster is None or argo is None or defaults is None:
        raise ConfigError(dict.fromkeys(str(fault) for fault in reader.faults))
    return Settings(
        project=project,
        stack=stack,
        cluster=cluster,
        argo=argo,
        aws=aws,
        repositories=repositories,
        tenants={n: effective(n, t, defaults) for n, t in sorted(written.sound.items())},
        certificates={path: text for path, text in certificates.items() if text is not None},
        folder=folder,
    )


class _Given:
    """The configuration keys of a stack, and which ones its unknown keys probably mean."""

    def __init__(self, values: Mapping[str, object], secrets: frozenset[str]) -> None:
        self.secrets = secrets
        self.plain = {k: v for k, v in values.items() if k in STRUCTURED and k not in secrets}
        self.others = sorted(set(values) - set(STRUCTURED))
        meant = {nearest(key, STRUCTURED) for key in self.others if key not in secrets}
        self._elsewhere = meant | secrets

    def has(self, key: str) -> bool:
        """Whether structured *key* is written, be it misspelt or encrypted."""
        return key in self.plain or key in self._elsewhere


def _section(reader: Reader, given: _Given, key: str, model: type[M]) -> M | None:
    if key in given.plain:
        return reader.model(model, f"{ROOT}{key}", given.plain[key])
    if not given.has(key):
        reader.say(f"{ROOT}{key}", "missing, a mapping is required")
    return None


def _repositories(
    reader: Reader, given: _Given
) -> tuple[dict[str, Repository], frozenset[str] | None]:
    """The sound repositories, and the names of all; None: they cannot be told."""
    where = f"{ROOT}repositories"
    if "repositories" not in given.plain:
        if not given.has("repositories"):
            reader.say(where, "missing, a mapping is required")
        return {}, None
    entries = reader.mapping(where, given.plain["repositories"], A_LABEL)
    sound: dict[str, Repository] = {}
    for name, value in (entries or {}).items():
        path = spell(where, (name,))
        repository = reader.model(Repository, path, value)
        keys = as_mapping(value) or {}
        backends = [backend for backend in BACKENDS if backend in keys]
        unknown = set(keys) - {f.alias or n for n, f in Repository.model_fields.items()}
        if len(backends) > 1 or (as_mapping(value) is not None and not backends and not unknown):
            found = " and ".join(backends) or "no backend"
            reader.say(path, f"{found}, exactly one of {', '.join(BACKENDS)} is accepted (R1)")
        elif repository is not None and backends:
            sound[name] = repository
    return sound, None if entries is None else frozenset(entries)


def _tenants(reader: Reader, given: _Given, folder: Path) -> Written:
    written = read_tenants(reader, ROOT, given.plain, folder)
    hidden = any(key not in given.plain and given.has(key) for key in ("tenants", "tenantFiles"))
    written.complete = written.complete and not hidden
    return written


def _certificates(repositories: Mapping[str, Repository], folder: Path) -> dict[str, str | None]:
    files = [
        r.minio.tls.ca for r in repositories.values() if r.minio is not None and r.minio.tls.ca
    ]
    return {file: _text(folder / file) for file in files}


def _text(file: Path) -> str | None:
    try:
        return read_text(file, file.name)
    except ConfigError:
        return None


def _other_keys(
    reader: Reader, given: _Given, repositories: Mapping[str, Repository], *, complete: bool
) -> None:
    """Secrets stand in keys of their own, encrypted; every other key is unknown.

    Args:
        reader: takes the faults.
        given: the configuration keys.
        repositories: the sound repositories.
        complete: whether these are all: else a secret may belong to one that is not sound.
    """
    known = {*secret_keys(repositories), KUBECONFIG}
    for key in given.others:
        where = f"{ROOT}{key}"
        probably = not complete and key.endswith(("AccessKey", "SecretKey"))
        if key not in given.secrets and (key in known or probably):
            reader.say(
                where,
                "plain text, a secret is accepted; set it again with"
                f" `pulumi config set --secret {key}`",
            )
        elif key not in given.secrets:
            reader.say(where, unknown_key((*STRUCTURED, *sorted(known)), key))
        elif key not in known and complete:
            near = nearest(key, known)
            cure = f"did you mean {near}" if near else "remove it or name it there"
            reader.say(where, f"a secret that no repository reads, none is accepted; {cure}")


def _inline(reader: Reader, values: Mapping[str, object]) -> None:
    used = inline_bytes(values)
    if used > MAX_INLINE_BYTES:
        reader.say(
            f"{ROOT}tenants",
            f"{used} bytes of configuration, at most {MAX_INLINE_BYTES} are accepted; move tenants"
            " into files and name them in tenantFiles",
        )


def inline_bytes(values: Mapping[str, object]) -> int:
    """Bytes of the environment variable in which Pulumi hands *values* to the program.

    The language host writes one JSON object of texts, and each structured value is JSON itself.
    """

    def compact(value: object) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)

    try:
        texts = {
            f"{ROOT}{key}": value if isinstance(value, str) else compact(value)
            for key, value in values.items()
        }
        variable = f"PULUMI_CONFIG={compact(texts)}\0"
    except (RecursionError, ValueError):  # nested too deep, a number out of range: said elsewhere
        return 0
    return len(variable.encode(errors="surrogatepass"))
