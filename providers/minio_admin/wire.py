"""Values as Pulumi sends them, to and from plain Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_TEXT

from providers.minio_admin.values import UNKNOWN, Plain, Unknown

if TYPE_CHECKING:
    from collections.abc import Container


def plain(properties: Mapping[str, PropertyValue]) -> Plain:
    """Unwrap properties; secrets are unwrapped too."""
    values = {name: _plain(value) for name, value in properties.items()}
    return {name: value for name, value in values.items() if value is not None}


def wrap(values: Mapping[str, object], secret: Container[str] = ()) -> dict[str, PropertyValue]:
    """Wrap properties for Pulumi.

    Args:
        values: Properties by name.
        secret: Names whose values Pulumi must encrypt.
    """
    return {
        name: _wrap(value).with_secret(name in secret)
        for name, value in values.items()
        if value is not None
    }


def _plain(wrapped: PropertyValue) -> object:
    value = wrapped.value
    if isinstance(value, Computed) or value == UNKNOWN_TEXT:
        return UNKNOWN
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _wrap(value: object) -> PropertyValue:
    if isinstance(value, Unknown):
        return PropertyValue(UNKNOWN_TEXT)  # the SDK cannot send its own `computed`
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    if isinstance(value, Mapping):
        return PropertyValue(wrap(value))
    if isinstance(value, list):
        return PropertyValue([_wrap(item) for item in value])
    if value is None or isinstance(value, (bool, float, str)):
        return PropertyValue(value)
    raise TypeError(type(value).__name__)
