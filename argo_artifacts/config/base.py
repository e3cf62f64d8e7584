"""Base of the configuration models: strictness, the error, and the field types they share.

A rule of one field sits on the field's type, so that its fault never hides behind another one.
Rules across fields or entries stand in :mod:`argo_artifacts.config.rules`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import core_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

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
    )


_KINDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
    type(None): "null",
}


def found_kind(value: object) -> str:
    """Name the kind of *value*, never the value."""
    return _KINDS.get(type(value), f"a value of kind {type(value).__name__}")


@dataclass(frozen=True, slots=True)
class Matching:
    """Annotation of text that matches a pattern as a whole; the JSON schema says the same."""

    pattern: str
    accepted: str
    """What is accepted, in words."""

    limit: int | None = None
    """Largest number of characters."""

    found: str | None = None
    """Said instead of repeating the value, where that may be a secret in the wrong place."""

    def __call__(self, value: str) -> str:
        """Return *value*.

        Raises:
            ValueError: it does not match, or is too long.
        """
        if re.fullmatch(self.pattern, value) is None:
            msg = f"{self.found or repr(value)}, {self.accepted}"
            raise ValueError(msg)
        if self.limit is not None and len(value) > self.limit:
            msg = f"{len(value)} characters, at most {self.limit} are accepted"
            raise ValueError(msg)
        return value

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Check after the text itself was checked."""
        return core_schema.no_info_after_validator_function(self, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The pattern as editors read it."""
        limit = {} if self.limit is None else {"maxLength": self.limit}
        return handler(schema) | {"pattern": f"^({self.pattern})$"} | limit


_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_A_LABEL: Final = "a DNS label (lower-case letters, digits, '-') is accepted"

A_LABEL: Final = Matching(_LABEL, _A_LABEL, MAX_LABEL)
Label = Annotated[str, A_LABEL]
"""A DNS label: namespaces, repository names, and what Argo mounts as a volume."""

RESERVED_CLUSTER_NAMES: Final = frozenset({"uploads"})
"""First segments of object keys that Argo itself uses: UI uploads since 4.1."""


def _cluster_name(value: str) -> str:
    if value in RESERVED_CLUSTER_NAMES:
        msg = f"{value!r} is the first segment of Argo's UI uploads, any other name is accepted"
        raise ValueError(msg)
    return value


ClusterName = Annotated[
    str, Matching(_LABEL, _A_LABEL, MAX_CLUSTER_NAME), AfterValidator(_cluster_name)
]
"""The cluster's name: first segment of every prefix, part of names and trust."""

ObjectName = Annotated[
    str,
    Matching(
        rf"{_LABEL}(\.{_LABEL})*",
        "a DNS subdomain (lower-case letters, digits, '-', '.') is accepted",
        253,
    ),
]
"""Name of a Kubernetes object that Argo does not mount: ConfigMaps."""


SecretKey = Annotated[
    str,
    Matching(
        "(?!(AKIA|ASIA|LTAI)[A-Za-z0-9]{12})[-._a-zA-Z0-9]+",
        "letters, digits, '-', '_' and '.' are accepted; the key's value never stands in the file",
        limit=253,
        found="no name of a key inside a Secret",
    ),
]
"""A key inside a Kubernetes Secret."""

_NO_CONFIG_KEY: Final = "no name of a configuration key"
_CURE: Final = "its value is a secret, set with `pulumi config set --secret <name>`"

AccessKeyConfig = Annotated[
    str,
    Matching(
        "[a-z][a-zA-Z0-9]{0,63}AccessKey",
        f"a name that ends in AccessKey is accepted; {_CURE}",
        found=_NO_CONFIG_KEY,
    ),
]
"""Name of a configuration key of its own that holds an access key; the ending tells a name from
the secret itself."""

SecretKeyConfig = Annotated[
    str,
    Matching(
        "[a-z][a-zA-Z0-9]{0,63}SecretKey",
        f"a name that ends in SecretKey is accepted; {_CURE}",
        found=_NO_CONFIG_KEY,
    ),
]
"""Name of a configuration key of its own that holds the secret of an access key."""

_HOST: Final = "[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?"


def _endpoint(value: str) -> str:
    accepted = "host or host:port is accepted"
    if "@" in value:
        msg = f"holds a user, {accepted}; keys never stand in an address"
        raise ValueError(msg)
    if "://" in value:
        msg = f"{value!r} has a scheme, {accepted}; TLS is on unless tls.enabled is false (R2)"
        raise ValueError(msg)
    if "/" in value:
        msg = f"{value!r} has a path, {accepted} (R2)"
        raise ValueError(msg)
    host, _, port = value.partition(":")
    good_port = ":" not in value or (
        port.isascii() and port.isdigit() and 0 < int(port[: len("65535") + 1]) <= MAX_PORT
    )
    if not re.fullmatch(_HOST, host) or not good_port:
        msg = f"{value!r}, {accepted}"
        raise ValueError(msg)
    return value


Endpoint = Annotated[
    str,
    AfterValidator(_endpoint),
    Field(json_schema_extra={"pattern": f"^{_HOST}(:[0-9]{{1,5}})?$"}),
]
"""Host or host:port, without scheme and path: minio-go adds the scheme."""


def _https_url(value: str) -> str:
    if "@" in value:
        msg = "holds a user, an https:// URL without one is accepted"
        raise ValueError(msg)
    return Matching(_HTTPS, "an https:// URL is accepted")(value)


_HTTPS: Final = r"https://[^/\s@]+(/[^\s@]*)?"

HttpsUrl = Annotated[
    str, AfterValidator(_https_url), Field(json_schema_extra={"pattern": f"^{_HTTPS}$"})
]

_BUCKET: Final = "[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]"


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


KeyPrefix = Annotated[
    str,
    AfterValidator(_prefix),
    Field(json_schema_extra={"pattern": r"^([^/*?${}\\\s]+/)+$", "maxLength": 1024}),
]
"""A prefix of object keys; ends in ``/``."""


def _file_path(value: str) -> str:
    if "$" in value or "\0" in value:
        msg = f"{value!r} holds a variable, a plain path is accepted; '~' is the home folder"
        raise ValueError(msg)
    return value


FilePath = Annotated[str, Field(min_length=1), AfterValidator(_file_path)]
"""A path of a file; nothing in it is replaced but ``~``."""

Text = Annotated[str, Field(min_length=1)]
"""Some text, not empty."""

Days = Annotated[int, Field(ge=1, le=36500)]
"""A number of days, at least 1."""
