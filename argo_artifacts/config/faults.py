"""Faults: what pydantic found, said in one line each, in the words of the file."""

from __future__ import annotations

import difflib
import types
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from typing_extensions import override

from argo_artifacts.config.argo_words import explanation
from argo_artifacts.config.base import found_kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pydantic_core import ErrorDetails

Loc = tuple[int | str, ...]

LISTED: Final = 12
"""How many names a line lists at most."""


class Fault(NamedTuple):
    """One thing wrong: where, and what is found and accepted."""

    where: str
    """Full path in the user's files."""

    what: str

    @override
    def __str__(self) -> str:
        line = f"{self.where}: {self.what}"
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def spell(root: str, loc: Iterable[int | str]) -> str:
    """Spell a location below *root*: ``a:tenants`` + ``team-a``, 0 → ``a:tenants.team-a[0]``."""
    out = root
    for step in loc:
        if isinstance(step, int):
            out += f"[{step}]"
        elif step != "[key]":
            out += step if not out or out.endswith(":") else f".{step}"
    return out


def nearest(found: str, accepted: Iterable[str]) -> str | None:
    """The accepted name that *found* was probably meant to be."""
    names = list(accepted)
    same = [name for name in names if name.casefold() == found.casefold()]
    return next(iter(same or difflib.get_close_matches(found, names, n=1, cutoff=0.7)), None)


def one_of(names: Collection[str], found: str) -> str:
    """What is accepted instead of *found*: one of *names*, and the likely one."""
    if not names:
        return "none is there to choose"
    if len(names) == 1:
        return f"{next(iter(names))} is accepted"
    listed = ", ".join(sorted(names)) if len(names) <= LISTED else f"{len(names)} names"
    return f"one of {listed} is accepted" + _did_you_mean(nearest(found, names))


def unknown_key(accepted: Collection[str], found: str) -> str:
    """What to say of the unknown key *found* where the keys *accepted* are known."""
    if not accepted:
        return "unknown key, none is accepted"
    be = "is" if len(accepted) == 1 else "are"
    return f"unknown key, {', '.join(accepted)} {be} accepted" + _did_you_mean(
        nearest(found, accepted)
    )


def _did_you_mean(near: str | None) -> str:
    return f"; did you mean {near}" if near else ""


def faults_of(error: ValidationError, root: str, model: type[BaseModel]) -> Iterator[Fault]:
    """Say each finding of *error* in one line; a misspelt required key is one fault, not two."""
    findings = error.errors(include_url=False)
    mistaken: set[Loc] = set()
    for finding in findings:
        loc = finding["loc"]
        if finding["type"] != "extra_forbidden":
            continue
        accepted = _keys_at(model, loc[:-1])
        near = nearest(str(loc[-1]), accepted)
        mistaken |= {(*loc[:-1], near)} if near else set()
        path = spell(root, loc)
        yield Fault(path, explanation((root, *loc)) or unknown_key(accepted, str(loc[-1])))
    for finding in findings:
        loc, kind = finding["loc"], finding["type"]
        said = (
            kind == "extra_forbidden"
            or (kind == "missing" and loc in mistaken)
            # A faulty entry does not count, so pydantic calls its list too short as well.
            or (kind == "too_short" and any(_is_below(f["loc"], loc) for f in findings))
        )
        if not said:
            yield Fault(spell(root, loc), _say(finding))


def _is_below(loc: Loc, above: Loc) -> bool:
    return len(loc) > len(above) and loc[: len(above)] == above


_ACCEPTED: Final[Mapping[str, str]] = {
    "string_type": "text is accepted",
    "int_type": "a whole number is accepted",
    "bool_type": "true or false is accepted",
    "tuple_type": "a list is accepted",
    "dict_type": "a mapping is accepted",
    "model_type": "a mapping is accepted",
    "model_attributes_type": "a mapping is accepted",
}


def _say(finding: ErrorDetails) -> str:
    kind, found = finding["type"], finding["input"]
    context: Mapping[str, object] = finding.get("ctx", {})
    match kind:
        case "missing":
            return "missing, a value is required"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            words = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
            shown = repr(found) if isinstance(found, str) else found_kind(found)
            near = nearest(found, words) if isinstance(found, str) else None
            return f"{shown}, one of {', '.join(words)} is accepted" + _did_you_mean(near)
        case _ if kind in _ACCEPTED:
            quotable = kind == "string_type" and isinstance(found, bool | int | float)
            cure = "; put it in quotes" if quotable else ""
            return f"{found_kind(found)}, {_ACCEPTED[kind]}{cure}"
        case _:
            return _say_bound(kind, context, found)


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
        case _:
            return f"{found_kind(found)}, another value is accepted ({kind.replace('_', ' ')})"


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
