"""JSON schemas of stack and tenant files, made from the models, for editors."""

from __future__ import annotations

from typing import Final, cast

from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.config.field_docs import Described
from argo_artifacts.config.read import STRUCTURED
from argo_artifacts.config.reader import as_mapping
from argo_artifacts.config.settings import StackFile, TenantFile
from argo_artifacts.config.stack_file import STACK_FILE_KEYS

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_SECRET: Final = {
    "description": "A secret, set with `pulumi config set --secret`.",
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
}


def stack_schema() -> dict[str, object]:
    """The schema of a stack file ``Pulumi.<stack>.yaml``; other projects' keys are left alone."""
    model = _tidy(StackFile.model_json_schema(schema_generator=Described))
    properties = as_mapping(model["properties"]) or {}
    required = cast("list[str]", model["required"])
    names = "|".join(STRUCTURED)
    config = {
        "description": "Configuration of the stack.",
        "type": "object",
        "properties": {f"{NAMESPACE}:{key}": value for key, value in properties.items()},
        "patternProperties": {f"^{NAMESPACE}:(?!({names})$)": _SECRET},
        "required": [f"{NAMESPACE}:{key}" for key in required],
    }
    pulumi: dict[str, object] = {key: {} for key in STACK_FILE_KEYS if key != "config"}
    return {
        "$schema": _DRAFT,
        "title": "Stack file of argo-artifacts",
        "description": "Pulumi.<stack>.yaml",
        "type": "object",
        "properties": {"config": config} | pulumi,
        "required": ["config"],
        "additionalProperties": False,
        "$defs": model["$defs"],
    }


def tenants_schema() -> dict[str, object]:
    """The schema of a file of tenants."""
    model = _tidy(TenantFile.model_json_schema(schema_generator=Described))
    head: dict[str, object] = {"$schema": _DRAFT, "title": "Tenant file of argo-artifacts"}
    return head | model


def models_schema() -> dict[str, object]:
    """The schema of the structured keys, as the reference of all keys is made of it."""
    return _tidy(StackFile.model_json_schema(schema_generator=Described))


_NULL: Final[dict[str, object]] = {"type": "null"}


def _tidy(schema: dict[str, object]) -> dict[str, object]:
    """*schema* without titles that repeat names and without null, which no file may say."""
    tidied: dict[str, object] = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"}:
            entries = as_mapping(value) or {}
            tidied[key] = {name: _tidied(entry) for name, entry in entries.items()}
        elif key == "anyOf":
            tidied |= _without_null(cast("list[object]", value))
        elif key == "description":
            tidied[key] = " ".join(str(value).replace("``", "`").split())
        elif key == "default":
            tidied |= {} if value is None else {key: _said(value)}
        elif key != "title":
            tidied[key] = _tidied(value)
    if "patternProperties" in tidied:  # names of any other form are refused
        tidied["additionalProperties"] = False
    return tidied


def _tidied(value: object) -> object:
    entries = as_mapping(value)
    if entries is not None:
        return _tidy(dict(entries))
    if isinstance(value, list):
        return [_tidied(entry) for entry in cast("list[object]", value)]
    return value


def _said(default: object) -> object:
    """*default* as a file would say it: what is absent is not said."""
    entries = as_mapping(default)
    if entries is not None:
        return {key: _said(entry) for key, entry in entries.items() if entry is not None}
    if isinstance(default, list):
        return [_said(entry) for entry in cast("list[object]", default)]
    return default


def _without_null(options: list[object]) -> dict[str, object]:
    kept = [_tidied(option) for option in options if option != _NULL]
    return dict(as_mapping(kept[0]) or {}) if len(kept) == 1 else {"anyOf": kept}
