"""Inputs against the SDK's properties: one line for each fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.minio_admin.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.engine.aws_double.sdk import Properties, Schema

_SHAPES: Final = {"list": list, "map": dict, "object": dict, "bool": bool, "int": int, "str": str}


def faults(schema: Schema, token: str, inputs: Mapping[str, object]) -> Iterator[str]:
    """What the provider would refuse in a resource's inputs."""
    properties = schema["resources"][token]["inputs"]
    yield from _in(schema, token.rpartition(":")[2], properties, inputs)


def _in(
    schema: Schema, path: str, properties: Properties, given: Mapping[str, object]
) -> Iterator[str]:
    for name, value in given.items():
        if name in properties:
            yield from _value(schema, f"{path}.{name}", properties[name], value)
        else:
            accepted = ", ".join(sorted(properties))
            yield f"{path}.{name}: no such property, {accepted} are accepted"
    for name, found in properties.items():
        if found["required"] and name not in given:
            yield f"{path}.{name}: absent, a value is required"


def _value(schema: Schema, path: str, found: Mapping[str, object], value: object) -> Iterator[str]:
    shape = str(found["shape"])
    if isinstance(value, Unknown):
        return
    if not isinstance(value, _SHAPES[shape]) or (shape == "int" and isinstance(value, bool)):
        yield f"{path}: {type(value).__name__} found, {shape} is accepted"
    elif found["of"]:
        nested = schema["nested"][str(found["of"])]
        items = value if isinstance(value, list) else [value]
        for place, item in enumerate(items):
            at = f"{path}[{place}]" if isinstance(value, list) else path
            if isinstance(item, dict):
                yield from _in(schema, at, nested, item)
