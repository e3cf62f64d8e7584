"""What the installed Python SDK says of each type: its properties, as they go over the wire.

Read from the source of the SDK's classes, which nobody imports for it: half a second, once for a
test process. The provider itself, which every command starts anew, reads the result.
"""

from __future__ import annotations

import ast
import functools
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TYPES: Final = {
    "s3": (
        "Bucket",
        "BucketLifecycleConfiguration",
        "BucketLogging",
        "BucketObjectLockConfiguration",
        "BucketOwnershipControls",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketServerSideEncryptionConfiguration",
        "BucketVersioning",
    ),
    "kms": ("Alias", "Key"),
    "iam": (
        "AccessKey",
        "OpenIdConnectProvider",
        "Policy",
        "Role",
        "RolePolicy",
        "RolePolicyAttachment",
        "User",
        "UserPolicy",
    ),
    "eks": ("PodIdentityAssociation",),
    "s3control": ("AccessGrant", "AccessGrantsInstance", "AccessGrantsLocation"),
}
"""The classes that the program may use, by module."""

_SHAPES: Final = {"Sequence[": "list", "Mapping[": "map", ".bool": "bool", ".int": "int"}


class Property(TypedDict):
    """An input."""

    required: bool
    shape: str
    """``list``, ``map``, ``object``, ``bool``, ``int`` or ``str``."""

    of: str
    """Name of the nested type; empty: plain values."""

    computed: bool
    """Whether the provider gives it a value where the program gives none."""


Properties = dict[str, Property]


class Resource(TypedDict):
    """A type of resource."""

    inputs: Properties
    outputs: list[str]
    """What is an output and no input."""


class Schema(TypedDict):
    """All types."""

    resources: dict[str, Resource]
    nested: dict[str, Properties]


@functools.cache
def schema() -> Schema:
    """Read the properties of all :data:`TYPES` from the SDK."""
    resources: dict[str, Resource] = {}
    nested: dict[str, Properties] = {}
    for module, names in TYPES.items():
        for name in names:
            token, resource = _resource(module, name)
            resources[token] = resource
            for kind in _kinds(resource["inputs"]):
                _nest(module, kind, nested)
    return Schema(resources=resources, nested=nested)


def dump(file: Path) -> None:
    """Write the schema for the provider's process."""
    file.write_text(json.dumps(schema()))


def _resource(module: str, name: str) -> tuple[str, Resource]:
    tree = ast.parse((_package() / module / f"{_snake(name)}.py").read_text())
    (made,) = [c for c in tree.body if isinstance(c, ast.ClassDef) and c.name == name]
    (start,) = [f for f in _functions(made) if f.name == "_internal_init"]
    wire, optional = _getters(made)
    text = ast.unparse(start)
    required = set(re.findall(r"Missing required property '(\w+)'", text))
    outputs = re.findall(r"__props__\.__dict__\['(\w+)'\] = None\n", f"{text}\n")
    inputs = {
        wire[given.arg]: _property(
            ast.unparse(given.annotation or ast.Constant("")),
            required=given.arg in required,
            computed=given.arg not in required and given.arg not in optional,
        )
        for given in start.args.args
        if given.arg in wire
    }
    (token,) = re.findall(r"__init__\('([\w:/]+)'", text)
    return token, Resource(inputs=inputs, outputs=[wire[output] for output in outputs])


def _nest(module: str, kind: str, nested: dict[str, Properties]) -> None:
    """Read a nested type and those in it."""
    if kind in nested:
        return
    source = _inputs(module)
    start = source.index(f"\nclass {kind}Args:")
    end = source.find("\n@pulumi.input_type", start)
    made = next(c for c in ast.parse(source[start:end]).body if isinstance(c, ast.ClassDef))
    (first,) = [f for f in _functions(made) if f.name == "__init__"]
    wire, _ = _getters(made)
    without_default = len(first.args.kwonlyargs) - sum(
        default is not None for default in first.args.kw_defaults
    )
    nested[kind] = {
        wire[given.arg]: _property(
            ast.unparse(given.annotation or ast.Constant("")),
            required=place < without_default,
            computed=False,
        )
        for place, given in enumerate(first.args.kwonlyargs)
    }
    for inner in _kinds(nested[kind]):
        _nest(module, inner, nested)


def _property(annotation: str, *, required: bool, computed: bool) -> Property:
    shapes = [shape for mark, shape in _SHAPES.items() if mark in annotation]
    named = re.search(r"'(\w+)Args'", annotation)
    # a policy document may be given as text too, which is what goes over the wire
    of = named.group(1) if named and (shapes or "_builtins.str" not in annotation) else ""
    shape = shapes[0] if shapes else "object" if of else "str"
    return Property(required=required, shape=shape, of=of, computed=computed)


def _kinds(properties: Mapping[str, Property]) -> Iterator[str]:
    return (found["of"] for found in properties.values() if found["of"])


def _getters(made: ast.ClassDef) -> tuple[dict[str, str], set[str]]:
    """Names on the wire by Python's, and which of them may have no value."""
    wire: dict[str, str] = {}
    optional: set[str] = set()
    for function in _functions(made):
        marks = " ".join(ast.unparse(mark) for mark in function.decorator_list)
        if "pulumi.getter" in marks:
            named = re.search(r"name='(\w+)'", marks)
            wire[function.name] = named.group(1) if named else function.name
            if function.returns and "Output[Optional[" in ast.unparse(function.returns):
                optional.add(function.name)
    return wire, optional


def _functions(made: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (node for node in made.body if isinstance(node, ast.FunctionDef))


@functools.cache
def _inputs(module: str) -> str:
    return (_package() / module / "_inputs.py").read_text()


@functools.cache
def _package() -> Path:
    found = find_spec("pulumi_aws")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
