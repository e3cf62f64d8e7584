"""Base of the configuration models: strictness, the error, and the field types they share.

A rule of one field sits on the field's type, so that its fault never hides behind another one.
Rules across fields or entries stand in :mod:`argo_artifacts.config.rules`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAMESPACE: Final = "argo-artifacts"
"""Namespace of the project's configuration keys: ``argo-artifacts:tenants``."""

MAX_LABEL: Final = 63
"""Characters of a DNS label (RFC 1123)."""

MAX_CLUSTER_NAME: Final = 32
"""Characters of a cluster name: it stands in every physical name beside the tenant's."""

MAX_PORT: Final = 65535


class ConfigError(ValueError):
    """A stack file, or a file it names, that this program cannot act on: one fault a line.

    Every line starts with the full path, says what was found and what is accepted, and never
    repeats a secret's value.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Model(BaseModel):
    """Base of every configuration model: frozen, strict, no unknown key, camelCase outside."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        alias_generator=to_camel,
        use_attribute_docstrings=True,
    )


def _matching(pattern: str, accepted: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if compiled.fullmatch(value) is None:
            msg = f"{value!r}, {accepted} is accepted"
            raise ValueError(msg)
        return value

    return check


_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"


def _length(limit: int) -> Callable[[str], str]:
    def check(value: str) -> str:
        if len(value) > limit:
            msg = f"{len(value)} characters, at most {limit} are accepted"
            raise ValueError(msg)
        return value

    return check


Label = Annotated[
    str,
    AfterValidator(_matching(_LABEL, "a DNS label (lower-case letters, digits, '-')")),
    AfterValidator(_length(MAX_LABEL)),
    Field(json_schema_extra={"pattern": f"^{_LABEL}$", "maxLength": MAX_LABEL}),
]
"""A DNS label: namespaces, repository names, and what Argo mounts as a volume (argo.md 4.4)."""

RESERVED_CLUSTER_NAMES: Final = frozenset({"uploads"})
"""First segments of object keys that Argo itself uses: UI uploads since 4.1."""


def _cluster_name(value: str) -> str:
    if value in RESERVED_CLUSTER_NAMES:
        msg = f"{value!r} is the first segment of Argo's UI uploads, any other name is accepted"
        raise ValueError(msg)
    return value


ClusterName = Annotated[
    str,
    AfterValidator(_matching(_LABEL, "a DNS label (lower-case letters, digits, '-')")),
    AfterValidator(_length(MAX_CLUSTER_NAME)),
    AfterValidator(_cluster_name),
    Field(json_schema_extra={"pattern": f"^{_LABEL}$", "maxLength": MAX_CLUSTER_NAME}),
]
"""The cluster's name: first segment of every prefix, part of names and trust."""

ObjectName = Annotated[
    str,
    AfterValidator(
        _matching(
            rf"{_LABEL}(\.{_LABEL})*", "a DNS subdomain (lower-case letters, digits, '-', '.')"
        )
    ),
    AfterValidator(_length(253)),
]
"""Name of a Kubernetes object that Argo does not mount: ConfigMaps."""

SecretKey = Annotated[
    str,
    AfterValidator(
        _matching(r"[-._a-zA-Z0-9]{1,253}", "a key of letters, digits, '-', '_' and '.'")
    ),
]
"""A key inside a Kubernetes Secret."""


def _config_key(value: str) -> str:
    if re.fullmatch(r"[a-zA-Z][a-zA-Z0-9]{0,63}", value) is None:  # perhaps the secret itself
        msg = "not the name of a configuration key, a name as in minioSecretKey is accepted"
        raise ValueError(msg)
    return value


ConfigKey = Annotated[str, AfterValidator(_config_key)]
"""Name of a configuration key of its own that holds one secret (``pulumi config set --secret``)."""


def _endpoint(value: str) -> str:
    accepted = "host or host:port is accepted"
    if "://" in value:
        msg = f"{value!r} has a scheme, {accepted}; TLS is on unless tls.enabled is false"
        raise ValueError(msg)
    if "/" in value:
        msg = f"{value!r} has a path, {accepted}"
        raise ValueError(msg)
    host, _, port = value.partition(":")
    good_host = re.fullmatch(r"[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?", host)
    good_port = ":" not in value or (
        port.isascii() and port.isdigit() and 0 < int(port) <= MAX_PORT
    )
    if not good_host or not good_port:
        msg = f"{value!r}, {accepted}"
        raise ValueError(msg)
    return value


Endpoint = Annotated[str, AfterValidator(_endpoint)]
"""Host or host:port, without scheme and path: minio-go adds the scheme (argo.md 1.2)."""

HttpsUrl = Annotated[
    str,
    AfterValidator(_matching(r"https://[^/\s]+(/[^\s]*)?", "an https:// URL")),
]

_BUCKET: Final = r"[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]"


def _bucket(value: str) -> str:
    good = re.fullmatch(_BUCKET, value) and ".." not in value
    if not good or re.fullmatch(r"\d+(\.\d+){3}", value):
        msg = (
            f"{value!r}, 3 to 63 lower-case letters, digits, '-' and '.' are accepted"
            " (no '..', no IP address)"
        )
        raise ValueError(msg)
    return value


BucketName = Annotated[
    str, AfterValidator(_bucket), Field(json_schema_extra={"pattern": f"^{_BUCKET}$"})
]
"""A bucket's name by the rules that S3, MinIO and OSS share."""


def _prefix(value: str) -> str:
    segments = value.split("/")
    if value.startswith("/") or not value.endswith("/"):
        msg = f"{value!r} must not start with '/' and must end with '/'"
        raise ValueError(msg)
    if any(s in {"", ".", ".."} for s in segments[:-1]):
        msg = f"{value!r} has an empty, '.' or '..' segment, plain segments are accepted"
        raise ValueError(msg)
    if re.search(r"[*?${}\\\s]", value):
        msg = f"{value!r} has a wildcard, variable or blank, plain characters are accepted"
        raise ValueError(msg)
    if segments[0] == "uploads":
        msg = f"{value!r} begins with Argo's UI uploads, another first segment is accepted"
        raise ValueError(msg)
    return value


KeyPrefix = Annotated[str, AfterValidator(_prefix)]
"""A prefix of object keys; ends in ``/``."""

Days = Annotated[int, Field(ge=1, le=36500)]
"""A number of days, at least 1."""
