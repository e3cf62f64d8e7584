"""Reading: stack and tenant files to settings, all faults of all files at once."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from argo_artifacts.config import rules
from argo_artifacts.config.argo import Argo
from argo_artifacts.config.base import NAMESPACE, ConfigError, Label
from argo_artifacts.config.faults import Fault, Loc, faults_of, found_kind, spell
from argo_artifacts.config.repositories import BACKENDS, Repository
from argo_artifacts.config.settings import Cluster, Settings, StackFile, TenantFile, secret_keys
from argo_artifacts.config.tenants import Tenant, TenantDefaults, effective
from argo_artifacts.config.yaml_file import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ROOT: Final = f"{NAMESPACE}:"
KUBECONFIG: Final = "kubeconfig"
"""Secret configuration key that may hold the kubeconfig's text."""

STRUCTURED: Final = tuple(field.alias or name for name, field in StackFile.model_fields.items())
"""The structured configuration keys."""

M = TypeVar("M", bound=BaseModel)


@dataclass(slots=True)
class _Reader:
    """One reading: collects faults while it parses part after part."""

    faults: list[Fault] = field(default_factory=list[Fault])

    def model(self, model: type[M], where: str, value: object) -> M | None:
        """Parse one part, or note its faults."""
        cleaned, found = _without_nulls(value, where)
        self.faults += found
        nulls = {fault.where for fault in found}
        try:
            return model.model_validate_json(json.dumps(cleaned))
        except ValidationError as error:
            self.faults += [f for f in faults_of(error, where, model) if f.where not in nulls]
        return None

    def mapping(self, where: str, value: object, key: object) -> dict[str, object]:
        """The entries of a mapping whose keys are names of the type *key*."""
        if not isinstance(value, dict):
            self.faults.append(Fault(where, f"{found_kind(value)}, a mapping is accepted"))
            return {}
        sound: dict[str, object] = {}
        adapter: TypeAdapter[str] = TypeAdapter(key)
        entries: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
        for name, entry in entries.items():
            try:
                sound[adapter.validate_python(name)] = entry
            except ValidationError as error:
                context = error.errors(include_url=False, include_input=False)[0].get("ctx", {})
                self.faults.append(Fault(where, str(context.get("error", "a name is accepted"))))
        return sound


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
    reader = _Reader()
    given = dict(values)
    encrypted = frozenset(secrets)
    for key in sorted(encrypted & set(STRUCTURED)):
        reader.faults.append(Fault(f"{ROOT}{key}", "a secret, a plain value is accepted"))
        del given[key]
    cluster = _required(reader, given, "cluster", Cluster)
    argo = _required(reader, given, "argo", Argo)
    if cluster is not None and cluster.kubeconfig is None and KUBECONFIG not in given:
        reader.faults.append(
            Fault(
                f"{ROOT}cluster.kubeconfig",
                "missing, a path is required; or set the secret key with"
                f" `pulumi config set --secret {KUBECONFIG}`",
            )
        )
    repositories, repository_names = _repositories(reader, given)
    defaults = TenantDefaults()
    if "tenantDefaults" in given:
        read = reader.model(TenantDefaults, f"{ROOT}tenantDefaults", given["tenantDefaults"])
        defaults = read or defaults
    written = _tenants(reader, given, folder)
    tenants = {
        name: effective(name, tenant, defaults)
        for name, (_, tenant) in sorted(written.items())
        if tenant is not None
    }
    certificates = _certificates(repositories, folder)
    draft = rules.Draft(
        root=ROOT,
        argo=argo,
        repositories=repositories,
        tenants=tenants,
        tenant_paths={name: path for name, (path, _) in written.items()},
        repository_names=frozenset(repository_names),
        tenant_names=frozenset(written),
        certificates=certificates,
    )
    reader.faults += rules.faults(draft)
    _secret_keys(reader, given, encrypted, repositories)
    if reader.faults or cluster is None or argo is None:
        raise ConfigError(dict.fromkeys(str(fault) for fault in reader.faults))
    return Settings(
        project=project,
        stack=stack,
        cluster=cluster,
        argo=argo,
        repositories=repositories,
        tenants=tenants,
        certificates={path: text for path, text in certificates.items() if text is not None},
        folder=folder,
    )


def _required(reader: _Reader, given: Mapping[str, object], key: str, model: type[M]) -> M | None:
    if key not in given:
        reader.faults.append(Fault(f"{ROOT}{key}", "missing, a mapping is required"))
        return None
    return reader.model(model, f"{ROOT}{key}", given[key])


def _repositories(
    reader: _Reader, given: Mapping[str, object]
) -> tuple[dict[str, Repository], list[str]]:
    where = f"{ROOT}repositories"
    if "repositories" not in given:
        reader.faults.append(Fault(where, "missing, a mapping is required"))
        return {}, []
    entries = reader.mapping(where, given["repositories"], Label)
    sound: dict[str, Repository] = {}
    for name, value in entries.items():
        path = spell(where, (name,))
        repository = reader.model(Repository, path, value)
        if isinstance(value, dict):
            backends = [b for b in BACKENDS if b in value]
            if len(backends) != 1:
                found = " and ".join(backends) or "no backend"
                what = f"{found}, exactly one of {', '.join(BACKENDS)} is accepted (R1)"
                reader.faults.append(Fault(path, what))
            elif repository is not None:
                sound[name] = repository
    return sound, list(entries)


def _tenants(
    reader: _Reader, given: Mapping[str, object], folder: Path
) -> dict[str, tuple[str, Tenant | None]]:
    """All tenants of the stack file and its tenant files: path and, if sound, the tenant."""
    found: dict[str, tuple[str, Tenant | None]] = {}
    sources: list[tuple[str, object]] = []
    if "tenants" in given:
        sources.append((f"{ROOT}tenants", given["tenants"]))
    for file in _tenant_files(reader, given, folder):
        name = _relative(file, folder)
        try:
            document = load_yaml(file)
        except ConfigError as error:
            reader.faults += [Fault(name, line) for line in error.faults]
            continue
        if not isinstance(document, dict) or list(document) != ["tenants"]:
            reader.faults.append(Fault(name, "a file with the one key tenants is accepted"))
            continue
        sources.append((f"{name}:tenants", document["tenants"]))
    for where, value in sources:
        for name, entry in reader.mapping(where, value, Label).items():
            path = spell(where, (name,))
            if name in found:
                first = found[name][0]
                reader.faults.append(Fault(path, f"already stands in {first}; remove one"))
                continue
            found[name] = (path, reader.model(Tenant, path, entry))
    return found


def _tenant_files(reader: _Reader, given: Mapping[str, object], folder: Path) -> list[Path]:
    if "tenantFiles" not in given:
        return []
    where = f"{ROOT}tenantFiles"
    value = given["tenantFiles"]
    if not isinstance(value, list):
        reader.faults.append(Fault(where, f"{found_kind(value)}, a list is accepted"))
        return []
    files: list[Path] = []
    patterns: list[object] = value  # pyright: ignore[reportUnknownVariableType]
    for index, pattern in enumerate(patterns):
        if not isinstance(pattern, str):
            what = f"{found_kind(pattern)}, a path with or without wildcards is accepted"
            reader.faults.append(Fault(f"{where}[{index}]", what))
            continue
        try:
            matches = sorted(folder.glob(pattern))
        except (ValueError, NotImplementedError, IndexError):
            matches = []
        if not matches:
            what = f"{pattern!r} matches no file, a path below the stack file's folder is accepted"
            reader.faults.append(Fault(f"{where}[{index}]", what))
        files += [m for m in matches if m not in files]
    return files


def _relative(file: Path, folder: Path) -> str:
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)


def _certificates(repositories: Mapping[str, Repository], folder: Path) -> dict[str, str | None]:
    files = [
        r.minio.tls.ca for r in repositories.values() if r.minio is not None and r.minio.tls.ca
    ]
    return {file: _text(folder / file) for file in files}


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def _secret_keys(
    reader: _Reader,
    given: Mapping[str, object],
    encrypted: frozenset[str],
    repositories: Mapping[str, Repository],
) -> None:
    """Secrets stand in keys of their own, encrypted; every other key is unknown."""
    known = {*secret_keys(repositories), KUBECONFIG}
    for key in sorted(set(given) - set(STRUCTURED)):
        if key in known and key not in encrypted:
            what = f"plain text, a secret is accepted; set it again with `pulumi config set --secret {key}`"
            reader.faults.append(Fault(f"{ROOT}{key}", what))
        elif key not in known and key not in encrypted:
            accepted = ", ".join((*STRUCTURED, *sorted(known)))
            reader.faults.append(Fault(f"{ROOT}{key}", f"unknown key, {accepted} are accepted"))
        elif key not in known:
            what = "a secret that no repository reads, none is accepted; remove it or name it there"
            reader.faults.append(Fault(f"{ROOT}{key}", what))


def _without_nulls(value: object, where: str, loc: Loc = ()) -> tuple[object, list[Fault]]:
    """Leave out what is null or no JSON, and say so: absent is the only way to say nothing."""
    if value is None:
        what = "null, a value is accepted; write one or leave the key out"
        return {}, [Fault(spell(where, loc), what)]
    if isinstance(value, float) and not math.isfinite(value):
        return 0, [Fault(spell(where, loc), "no finite number, a number is accepted")]
    if not isinstance(value, dict | list):
        return value, []
    faults: list[Fault] = []
    steps: list[tuple[int | str, object]] = (
        list(enumerate(value)) if isinstance(value, list) else list(value.items())  # pyright: ignore
    )
    kept: list[tuple[int | str, object]] = []
    for step, entry in steps:
        cleaned, found = _without_nulls(entry, where, (*loc, step))
        faults += found
        if entry is not None:
            kept.append((step, cleaned))
    if isinstance(value, list):
        return [entry for _, entry in kept], faults
    return {str(step): entry for step, entry in kept}, faults


def read_stack_file(file: Path, *, project: str = NAMESPACE) -> Settings:
    """Read the stack file *file* (``Pulumi.<stack>.yaml``) and the files it names.

    Raises:
        ConfigError: all faults, one line each.
    """
    document = load_yaml(file)
    config = document.get("config", {}) if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise ConfigError([f"{file.name}: a stack file with the key config is accepted"])
    values: dict[str, object] = {}
    secrets: set[str] = set()
    for key, value in config.items():  # pyright: ignore[reportUnknownVariableType]
        namespace, _, name = str(key).rpartition(":")  # pyright: ignore[reportUnknownArgumentType]
        if namespace not in ("", project):
            continue
        values[name] = value
        if isinstance(value, dict) and list(value) == ["secure"]:  # pyright: ignore[reportUnknownArgumentType]
            secrets.add(name)
    stack = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    return parse(values, project=project, stack=stack, folder=file.parent, secrets=secrets)
