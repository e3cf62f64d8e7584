"""Reading: stack and tenant files to settings, all faults of all files at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from argo_artifacts.config.argo import Argo
from argo_artifacts.config.base import A_LABEL, NAMESPACE, ConfigError, Model, found_kind
from argo_artifacts.config.faults import Fault, nearest, spell, unknown_key
from argo_artifacts.config.reader import Reader, as_mapping
from argo_artifacts.config.repositories import BACKENDS, Repository
from argo_artifacts.config.rules import faults as rule_faults
from argo_artifacts.config.rules.draft import Draft
from argo_artifacts.config.settings import Cluster, Settings, StackFile, secret_keys
from argo_artifacts.config.template import STACK, filled
from argo_artifacts.config.tenant_files import Written, read_tenants
from argo_artifacts.config.tenants import TenantDefaults, effective
from argo_artifacts.config.yaml_file import parse_yaml, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ROOT: Final = f"{NAMESPACE}:"
KUBECONFIG: Final = "kubeconfig"
"""Secret configuration key that may hold the kubeconfig's text."""

STRUCTURED: Final = tuple(field.alias or name for name, field in StackFile.model_fields.items())
"""The structured configuration keys."""

STACK_FILE_KEYS: Final = (
    "config",
    "encryptedkey",
    "encryptionsalt",
    "environment",
    "secretsprovider",
)
"""What Pulumi knows in a stack file."""

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


@dataclass(frozen=True, slots=True)
class StackValues:
    """What a stack file says to this project."""

    values: Mapping[str, object]
    """Value of each key, without the namespace."""

    secrets: frozenset[str]
    """Keys whose values are encrypted."""


def stack_values(document: object, name: str, *, project: str = NAMESPACE) -> StackValues:
    """Take this project's configuration out of the *document* in the stack file *name*.

    Raises:
        ConfigError: it is no stack file; one line for each fault.
    """
    keys = as_mapping(document)
    if keys is None:
        found = f"{found_kind(document)}, a stack file with the key config is accepted"
        raise ConfigError([str(Fault(name, found))])
    unknown = sorted(set(keys) - set(STACK_FILE_KEYS))
    faults = [Fault(f"{name}:{key}", unknown_key(STACK_FILE_KEYS, key)) for key in unknown]
    config = as_mapping(keys.get("config"))
    if config is None and "config" not in {nearest(key, STACK_FILE_KEYS) for key in unknown}:
        found = found_kind(keys["config"]) if "config" in keys else "missing"
        faults.append(Fault(f"{name}:config", f"{found}, a mapping is required"))
    values: dict[str, object] = {}
    for key, value in (config or {}).items():
        namespace, _, own = key.rpartition(":") if ":" not in key else key.partition(":")
        if namespace != NAMESPACE and (namespace or project != NAMESPACE):
            continue
        if own in values:
            faults.append(Fault(f"{ROOT}{own}", "stands twice, once is accepted"))
        values[own] = value
    if faults:
        raise ConfigError(map(str, faults))
    return StackValues(values, frozenset(k for k, v in values.items() if _is_secret(v)))


def _is_secret(value: object) -> bool:
    entries = as_mapping(value)
    return entries is not None and list(entries) == ["secure"]


def stack_name(file: Path) -> str:
    """The stack whose file *file* is: ``Pulumi.<stack>.yaml``."""
    return file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def stack_text(file: Path, *, samples: bool = False) -> str:
    """Read the text of a stack file; *samples* fills the template's placeholders.

    Raises:
        ConfigError: the file cannot be read; one line.
    """
    text = read_text(file, file.name)
    return filled(text) if samples and stack_name(file) == STACK else text


def read_stack_file(
    file: Path, *, project: str = NAMESPACE, folder: Path | None = None, samples: bool = False
) -> Settings:
    """Read the stack file *file* (``Pulumi.<stack>.yaml``) and the files it names.

    Args:
        file: the stack file.
        project: name of the Pulumi project.
        folder: where relative paths start; None: the file's own folder.
        samples: fill the template's placeholders with sample values.

    Raises:
        ConfigError: all faults, one line each.
    """
    document = parse_yaml(stack_text(file, samples=samples), file.name)
    given = stack_values(document, file.name, project=project)
    return parse(
        given.values,
        project=project,
        stack=stack_name(file),
        folder=file.parent if folder is None else folder,
        secrets=given.secrets,
    )
