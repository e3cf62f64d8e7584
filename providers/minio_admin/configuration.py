"""The provider's configuration: taken as the engine gives it, checked, and settled."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final, cast

from providers.minio_admin import fields, names
from providers.minio_admin.client import Settings, trust

if TYPE_CHECKING:
    from collections.abc import Iterable

    from providers.minio_admin.values import Plain

PATH: Final = "minio-admin provider"
"""How the lines about the configuration begin."""

_SERVER: Final = ("endpoint", "accessKey", "secretKey")
"""Given together, or none of them."""

_ENGINES: Final = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})
"""Configuration that the engine adds for itself."""


def taken(values: Plain) -> Plain:
    """Take the configuration without what the engine adds; flags and numbers may come as text."""
    config = {
        name: value
        for name, value in values.items()
        if name not in _ENGINES and not name.startswith("__")
    }
    words = {"true": True, "false": False}
    if isinstance(secure := config.get("secure"), str):
        config["secure"] = words.get(secure, secure)
    if isinstance(wait := config.get("waitSeconds"), str) and wait.isdecimal():
        config["waitSeconds"] = int(wait)
    return config


def faults(values: Plain) -> Iterable[str]:
    """Find what cannot be accepted, one line each."""
    path = PATH
    yield from fields.check(fields.CONFIG, path, values)
    for name, find in (
        ("endpoint", names.endpoint),
        ("owner", names.owner),
        ("ownerId", names.owner_id),
    ):
        value = values.get(name)
        if isinstance(value, str) and (wrong := find(value)):
            yield f"{path} {name}: {wrong}"
    for name in ("accessKey", "secretKey", "region"):
        if values.get(name) == "":
            yield f"{path} {name}: empty, a value is needed"
    yield from _server_faults(values)
    authority = values.get("caCertificate")
    if isinstance(authority, str):
        try:
            trust(authority)
        except (ssl.SSLError, ValueError):
            yield f"{path} caCertificate: no certificate found, PEM text is accepted"


def _server_faults(values: Plain) -> Iterable[str]:
    """A server with keys or none, and how long to wait for it."""
    given = [name for name in _SERVER if name in values]
    if given:
        for name in _SERVER:
            if name not in values:
                yield f"{PATH} {name}: missing, a text is required; {given[0]} is given"
    wait = values.get("waitSeconds")
    if isinstance(wait, int) and (wrong := names.wait_seconds(wait)):
        yield f"{PATH} waitSeconds: {wrong}"


def settings(values: Plain) -> Settings:
    """Settle a configuration without fault."""
    return Settings(
        endpoint=str(values.get("endpoint", "")),
        access_key=str(values.get("accessKey", "")),
        secret_key=str(values.get("secretKey", "")),
        region=str(values["region"]),
        owner=str(values["owner"]),
        owner_id=str(values["ownerId"]),
        secure=bool(values["secure"]),
        ca_certificate=cast("str | None", values.get("caCertificate")),
        wait_seconds=cast("int", values.get("waitSeconds", 0)),
    )
