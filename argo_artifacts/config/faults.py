"""Faults: what pydantic found, said in one line each, in the words of the file."""

from __future__ import annotations

import difflib
import types
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

Loc = tuple[int | str, ...]


class Fault(NamedTuple):
    """One thing wrong: where, and what is found and accepted."""

    where: str
    """Full path in the user's files."""

    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


_ACCEPTED: Final[Mapping[str, str]] = {
    "string_type": "text is accepted",
    "int_type": "a whole number is accepted",
    "bool_type": "true or false is accepted",
    "tuple_type": "a list is accepted",
    "dict_type": "a mapping is accepted",
    "model_type": "a mapping is accepted",
    "model_attributes_type": "a mapping is accepted",
}

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


def spell(root: str, loc: Iterable[int | str]) -> str:
    """Spell a location below *root*: ``argo-artifacts:tenants`` + ``team-a``, 0 → ``….team-a[0]``."""
    out = root
    for step in loc:
        if isinstance(step, int):
            out += f"[{step}]"
        elif step != "[key]":
            out += step if not out or out.endswith(":") else f".{step}"
    return out


def faults_of(error: ValidationError, root: str, model: type[BaseModel]) -> Iterator[Fault]:
    """Say each finding of *error* in one line; a misspelt required key is one fault, not two."""
    findings = error.errors(include_url=False)
    unknown = [f["loc"] for f in findings if f["type"] == "extra_forbidden"]
    mistaken: set[Loc] = set()
    for loc in unknown:
        accepted = _keys_at(model, loc[:-1])
        near = difflib.get_close_matches(str(loc[-1]), accepted, n=1, cutoff=0.6)
        mistaken |= {(*loc[:-1], key) for key in near}
        hint = f"; did you mean {near[0]}" if near else ""
        what = f"unknown key, {', '.join(accepted) or 'none'} {_be(accepted)} accepted{hint}"
        yield Fault(spell(root, loc), what)
    for finding in findings:
        missing = finding["type"] == "missing"
        if finding["type"] != "extra_forbidden" and not (missing and finding["loc"] in mistaken):
            yield Fault(spell(root, finding["loc"]), _say(finding))


def _be(accepted: list[str]) -> str:
    return "is" if len(accepted) == 1 else "are"


def _say(finding: ErrorDetails) -> str:
    kind, context = finding["type"], finding.get("ctx", {})
    if kind == "missing":
        return "missing, a value is required"
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        words = context["expected"].replace("'", "").replace(" or ", ", ")
        found = finding["input"]
        if not isinstance(found, str):
            return f"{found_kind(found)}, one of {words} is accepted"
        near = difflib.get_close_matches(found, words.split(", "), n=1)
        return f"{found!r}, one of {words} is accepted" + (
            f"; did you mean {near[0]}" if near else ""
        )
    if kind in _ACCEPTED:
        return f"{found_kind(finding['input'])}, {_ACCEPTED[kind]}" + _cure(kind, finding["input"])
    return _say_bound(kind, context, finding["input"])


def _cure(kind: str, found: object) -> str:
    quotable = kind == "string_type" and isinstance(found, bool | int | float)
    return "; put it in quotes" if quotable else ""


def _say_bound(kind: str, context: Mapping[str, object], found: object) -> str:
    match kind:
        case "greater_than_equal":
            return f"{found}, at least {context['ge']} is accepted"
        case "less_than_equal":
            return f"{found}, at most {context['le']} is accepted"
        case "too_short":
            return (
                f"{context['actual_length']} entries, at least {context['min_length']} is accepted"
            )
        case "too_long":
            return (
                f"{context['actual_length']} entries, at most {context['max_length']} are accepted"
            )
        case "string_too_short":
            return "empty, some text is accepted"
        case "string_too_long":
            return f"{len(str(found))} characters, at most {context['max_length']} are accepted"
        case "string_pattern_mismatch":
            return f"{found!r}, text that matches {context['pattern']} is accepted"
        case "int_parsing_size":
            return "a number out of range, a smaller one is accepted"
        case _:
            return f"{found_kind(found)}, another value is accepted ({kind.replace('_', ' ')})"


def found_kind(value: object) -> str:
    """Name the kind of *value*, never the value."""
    return _KINDS.get(type(value), type(value).__name__)


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that the model at *loc* below *model* accepts."""
    current: object = model
    for step in loc:
        current = _step(current, step)
    found = _model_in(current)
    return [] if found is None else sorted(f.alias or n for n, f in found.model_fields.items())


def _step(annotation: object, step: int | str) -> object:
    """The annotation one step further down."""
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            for name, field in option.model_fields.items():
                if step in (field.alias, name):
                    return field.annotation
        elif get_origin(option) in (tuple, dict):
            arguments = get_args(option)
            return arguments[0] if get_origin(option) is tuple else arguments[1]
    return None


def _model_in(annotation: object) -> type[BaseModel] | None:
    for option in _options(annotation):
        if isinstance(option, type) and issubclass(option, BaseModel):
            return option
    return None


def _options(annotation: object) -> Iterator[object]:
    """The alternatives of *annotation*, without ``Annotated`` and ``None``."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for argument in get_args(annotation):
            yield from _options(argument)
    elif annotation is not type(None):
        yield annotation
