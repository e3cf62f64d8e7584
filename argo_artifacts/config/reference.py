"""Reference of every key of a stack file, as Markdown tables, made from the models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, cast

from argo_artifacts.config.reader import as_mapping
from argo_artifacts.config.repositories import BACKENDS
from argo_artifacts.config.schema import models_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Schema = Mapping[str, object]

_NAMES: Final[Mapping[str, str]] = {
    "credentials": "<tenant>",
    "repositories": "<name>",
    "tags": "<tag>",
    "tenants": "<namespace>",
}
"""What stands for the user's own names in a mapping."""

_HEAD: Final = ("| key | type | default | meaning |", "|---|---|---|---|")


def reference() -> str:
    """Every key with its type, default and meaning: one section a key, one a backend."""
    schema = models_schema()
    definitions = _entries(schema, "$defs")
    lines: list[str] = []
    for key, value in _entries(schema, "properties").items():
        required = key in cast("list[str]", schema["required"])
        lines += ["", f"### `argo-artifacts:{key}`", "", *_HEAD]
        head = value if "description" in value else dict(value) | _meant(value, definitions)
        lines.append(_row(key, head, required=required))
        lines += _rows(key, value, definitions)
    repository = definitions["Repository"]
    for backend in BACKENDS:
        path = f"repositories.<name>.{backend}"
        value = _entries(repository, "properties")[backend]
        lines += ["", f"### `{path}`", "", f"{value['description']}", "", *_HEAD]
        lines += _rows(path, value, definitions)
    return "\n".join(lines).strip() + "\n"


def _rows(path: str, value: Schema, definitions: Mapping[str, Schema]) -> Iterator[str]:
    """The rows of what stands below *path*; a backend has a section of its own."""
    below = _below(path, value)
    if below is None:
        return
    path, name = below
    model = definitions[name]
    required = cast("list[str]", model.get("required", []))
    for key, entry in _entries(model, "properties").items():
        yield _row(f"{path}.{key}", entry, required=key in required)
        if name != "Repository" or key not in BACKENDS:
            yield from _rows(f"{path}.{key}", entry, definitions)


def _below(path: str, value: Schema) -> tuple[str, str] | None:
    """Path and model of what *value* holds, if it holds keys."""
    key = path.rpartition(".")[2]
    options = cast("list[Schema]", value.get("anyOf", []))
    for option in (value, *options):
        if "$ref" in option:
            return path, str(option["$ref"]).rpartition("/")[2]
    if "items" in value:
        return _below(f"{path}[]", as_mapping(value["items"]) or {})
    for entry in _entries(value, "patternProperties").values():
        return _below(f"{path}.{_NAMES[key]}", entry)
    return None


def _meant(value: Schema, definitions: Mapping[str, Schema]) -> dict[str, object]:
    """The description of the model that *value* is, where it says the same of itself."""
    below = _below("", value)
    return {} if below is None else {"description": definitions[below[1]].get("description", "")}


def _row(path: str, value: Schema, *, required: bool) -> str:
    default = "required" if required else ""
    if "default" in value:
        default = f"`{json.dumps(value['default'], separators=(', ', ': '))}`"
    meaning = str(value.get("description", "")).replace("|", r"\|")
    return f"| `{path}` | {_type(value)} | {default} | {meaning} |"


def _type(value: Schema) -> str:
    if "enum" in value:
        return r" \| ".join(f"`{word}`" for word in cast("list[str]", value["enum"]))
    if "anyOf" in value:
        return " or ".join(_type(option) for option in cast("list[Schema]", value["anyOf"]))
    if "items" in value:
        return f"list of {_type(as_mapping(value['items']) or {})}"
    words = {"string": "text", "integer": "number", "boolean": "true or false"}
    return words.get(str(value.get("type")), "mapping")


def _entries(schema: Schema, key: str) -> dict[str, Schema]:
    entries = as_mapping(schema.get(key)) or {}
    return {name: as_mapping(entry) or {} for name, entry in entries.items()}
