"""Lookup: the credentials of the plan as Argo would find them, never from a state.

ConfigMap ``artifact-repositories`` of the tenant's namespace → key → entry → its selectors →
Secrets of that namespace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, cast

import yaml

from argo_artifacts.access.names import DEFAULT_ANNOTATION, REPOSITORIES_CONFIG_MAP
from argo_artifacts.repository.entries import default_repository, entry
from argo_artifacts.verify.causes import (
    ROLE_ANNOTATION,
    keeper_of,
    of_annotation,
    of_cluster,
    of_config_map,
    of_secret,
)
from argo_artifacts.verify.places import Holder
from argo_artifacts.verify.store import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argo_artifacts.access.grants import AccessPlan
    from argo_artifacts.access.words import Subject
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.verify.causes import Keeper

_MISSING: Final = "is missing"
_SHOWN = 3
"""Differences of an entry that are spelt out."""

_WHERE = frozenset({"s3", "s3.bucket", "s3.endpoint", "s3.insecure"})
"""Parts of an entry that say where keys are sent: where they differ, nothing is sent."""


class ClusterError(Exception):
    """The cluster gave no answer that says what stands there; one line."""


@dataclass(frozen=True, slots=True)
class ConfigMap:
    """What Argo reads of a ConfigMap."""

    annotations: Mapping[str, str]
    data: Mapping[str, str]


class Reader(Protocol):
    """Reads live objects; None: there is no such object."""

    def config_map(self, namespace: str, name: str) -> ConfigMap | None:
        """Read a ConfigMap, or raise ClusterError."""
        ...

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """Read the values of a Secret, or raise ClusterError."""
        ...

    def annotations(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Read the annotations of a ServiceAccount, or raise ClusterError."""
        ...

    def token(self, namespace: str, name: str, audience: str) -> str:
        """Ask for a token of a ServiceAccount, or raise ClusterError."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one of the ``entry`` checks."""

    good: bool
    text: str
    checked: bool = True
    cause: str = ""
    """Why it is not good and what to do; empty: said elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What Argo would find for one holder."""

    holder: Holder
    findings: Mapping[str, Finding]
    """By check: ``default entry`` (of the tenant's first), ``entry``, ``secret`` (if it names
    one)."""

    keys: Keys | None = None
    endpoint: str = ""
    secure: bool = True
    region: str = ""
    ca: str | None = None
    why: str = ""
    """Why there are no keys to try."""


GOOD = Finding(good=True, text="as planned")


def look_up(reader: Reader, settings: Settings, plan: AccessPlan, tenant: str) -> tuple[Found, ...]:
    """Find all credentials of *tenant*; what is missing or wrong is part of the result."""
    holders = [Holder(tenant, repository) for repository in plan.repositories_of(tenant)]
    try:
        config_map = reader.config_map(tenant, REPOSITORIES_CONFIG_MAP)
    except ClusterError as error:
        finding = Finding(good=False, text=str(error), checked=False, cause=of_cluster(str(error)))
        return tuple(_nothing(holder, finding) for holder in holders)
    if config_map is None:
        text = f"ConfigMap {tenant}/{REPOSITORIES_CONFIG_MAP} is missing"
        finding = Finding(good=False, text=text, cause=of_config_map(tenant, "missing"))
        return tuple(_nothing(holder, finding) for holder in holders)
    found: list[Found] = []
    for index, holder in enumerate(holders):
        findings = {"default entry": _default(config_map, plan, tenant)} if index == 0 else {}
        found.append(_one(reader, settings, plan, holder, config_map, findings))
    return tuple(found)


def _nothing(holder: Holder, finding: Finding) -> Found:
    rest = Finding(good=False, text=finding.text, checked=False)
    findings = {"default entry": rest, "entry": finding, "secret": rest}
    return Found(holder=holder, findings=findings, why=finding.text)


def _default(config_map: ConfigMap, plan: AccessPlan, tenant: str) -> Finding:
    planned = default_repository(plan, tenant)
    named = config_map.annotations.get(DEFAULT_ANNOTATION)
    if named is None:
        return _strayed(tenant, "the annotation is missing, Argo skips the ConfigMap")
    if named not in config_map.data:
        return _strayed(tenant, f"the annotation names {named!r}, which has no entry")
    if named != planned:
        return _strayed(tenant, f"the annotation names {named!r}, {planned!r} is planned")
    return GOOD


def _strayed(tenant: str, text: str) -> Finding:
    """A ConfigMap that is not as planned."""
    return Finding(good=False, text=text, cause=of_config_map(tenant, text))


def _one(
    reader: Reader,
    settings: Settings,
    plan: AccessPlan,
    holder: Holder,
    config_map: ConfigMap,
    findings: dict[str, Finding],
) -> Found:
    planned = entry(settings, plan, holder.tenant, holder.repository)
    text = config_map.data.get(holder.repository)
    block = None if text is None else _parse(text)
    if block is None:
        says = "is missing" if text is None else "is no YAML mapping"
        findings["entry"] = _strayed(holder.tenant, f"the key {holder.repository!r} {says}")
        why = f"no entry: {findings['entry'].text}"
        findings["secret"] = Finding(good=False, text=why, checked=False)
        return Found(holder=holder, findings=findings, why=why)
    differences = dict(_differences(planned, block))
    findings["entry"] = _entry_finding(holder, differences)
    strayed = sorted(_WHERE & set(differences))
    if strayed:
        why = f"the entry's {', '.join(strayed)} is not as planned, nothing is sent there"
        findings["secret"] = Finding(good=False, text=why, checked=False)
        return Found(holder=holder, findings=findings, why=why)
    if all(c.repository != holder.repository for c in plan.credentials_of(holder.tenant)):
        return Found(holder=holder, findings=findings)
    return _with_keys(reader, holder, block, findings, _keeper(settings, holder.repository))


def _keeper(settings: Settings, repository: str) -> Keeper:
    model = settings.repositories[repository]
    if model.minio is not None:
        return keeper_of(model.minio)
    return "refresher" if model.s3 is not None and model.s3.refreshed else "stack"


def _with_keys(
    reader: Reader,
    holder: Holder,
    block: Mapping[str, object],
    findings: dict[str, Finding],
    keeper: Keeper,
) -> Found:
    s3 = cast("Mapping[str, object]", block["s3"])
    try:
        session = s3.get("sessionTokenSecret")
        keys = Keys(
            _value(reader, holder.tenant, s3.get("accessKeySecret")),
            _value(reader, holder.tenant, s3.get("secretKeySecret")),
            None if session is None else _value(reader, holder.tenant, session),
        )
        selector = s3.get("caSecret")
        ca = None if selector is None else _value(reader, holder.tenant, selector, text=True)
    except _SecretFault as fault:
        cause = of_secret(fault.place, fault.found, keeper)
        findings["secret"] = Finding(good=False, text=str(fault), cause=cause)
        return Found(holder=holder, findings=findings, why=str(fault))
    except ClusterError as error:
        cause = of_cluster(str(error))
        findings["secret"] = Finding(good=False, text=str(error), checked=False, cause=cause)
        return Found(holder=holder, findings=findings, why=str(error))
    findings["secret"] = GOOD
    return Found(
        holder=holder,
        findings=findings,
        keys=keys,
        endpoint=str(s3["endpoint"]),
        secure=not s3.get("insecure", False),
        region=str(s3.get("region", "")),
        ca=ca,
    )


def annotation(reader: Reader, subject: Subject, role: str) -> Finding:
    """Whether the pods of a service account ask for *role* (IRSA)."""
    account = str(subject)
    try:
        found = reader.annotations(subject.namespace, subject.name)
    except ClusterError as error:
        cause = of_cluster(str(error))
        return Finding(good=False, text=str(error), checked=False, cause=cause)
    if found is None:
        text = _MISSING
    elif ROLE_ANNOTATION not in found:
        text = f"the annotation {ROLE_ANNOTATION} is missing"
    elif found[ROLE_ANNOTATION] != role:
        text = f"the annotation {ROLE_ANNOTATION} names {found[ROLE_ANNOTATION]!r}"
    else:
        return GOOD
    return Finding(good=False, text=text, cause=of_annotation(account, text, role))


class _SecretFault(Exception):  # noqa: N818 - a finding, not an error of this program
    """A Secret does not hold what the entry's selector names."""

    def __init__(self, place: str, found: str) -> None:
        super().__init__(f"Secret {place}{' ' if found == _MISSING else ': '}{found}")
        self.place = place
        """``namespace/name``"""

        self.found = found


def _value(reader: Reader, namespace: str, selector: object, *, text: bool = False) -> str:
    """The value behind a selector, exactly as the pod would get it."""
    fields = cast("dict[str, object]", selector if isinstance(selector, dict) else {})
    name, key = str(fields.get("name", "")), str(fields.get("key", ""))
    values = reader.secret(namespace, name) if name else None
    place = f"{namespace}/{name}"
    if values is None:
        raise _SecretFault(place, _MISSING)
    value = values.get(key)
    if not value:
        raise _SecretFault(place, f"key {key!r} is {'missing' if value is None else 'empty'}")
    try:
        found = value.decode()
    except UnicodeDecodeError:
        found = "\0"
    if not text and (found != found.strip() or not found.isprintable()):
        raise _SecretFault(place, f"key {key!r} has a blank or newline at an end, or no text")
    return found


def _parse(text: str) -> Mapping[str, object] | None:
    try:
        value: object = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def _entry_finding(holder: Holder, differences: Mapping[str, str]) -> Finding:
    if not differences:
        return GOOD
    lines = [f"{path}: {text}" for path, text in differences.items()]
    more = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    text = "; ".join(lines[:_SHOWN]) + more
    return Finding(
        good=False,
        text=text,
        cause=of_config_map(holder.tenant, f"the key {holder.repository!r} is not as planned"),
    )


def _differences(
    planned: Mapping[str, object], found: Mapping[str, object], path: str = ""
) -> Iterator[tuple[str, str]]:
    """Path and words for each difference; what the plan does not know is named without value."""
    for key, value in planned.items():
        here = f"{path}{key}"
        if key not in found:
            yield here, "missing"
            continue
        other = found[key]
        if isinstance(value, dict) and isinstance(other, dict):
            yield from _differences(
                cast("Mapping[str, object]", value),
                cast("Mapping[str, object]", other),
                f"{here}.",
            )
        elif isinstance(value, dict) or isinstance(other, dict | list):
            yield here, "of another kind"
        elif value != other or type(value) is not type(other):
            yield here, f"{other!r}, {value!r} is planned"
    for key in found:
        if key not in planned:
            yield f"{path}{key}", "not in the plan"
