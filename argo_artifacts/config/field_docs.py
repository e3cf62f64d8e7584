"""What the fields of the models mean: the docstrings below them, read from the source.

Only a schema says them. pydantic's own ``use_attribute_docstrings`` would parse the source of
every model at each start of the program.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import override

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core.core_schema import ModelSchema


class Described(GenerateJsonSchema):
    """Makes a schema that describes each field by its docstring."""

    @override
    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """The schema of one model."""
        made = super().model_schema(schema)
        model = cast("type[BaseModel]", schema["cls"])
        properties = cast("dict[str, JsonSchemaValue]", made["properties"])
        meanings = field_docs(model)
        for name, field in model.model_fields.items():
            if name in meanings:
                key = field.alias or name
                described = properties[key] | {"description": meanings[name]}
                properties[key] = self.handle_ref_overrides(described)
        return made


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstring of each field of *model* that has one, inherited fields included."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        if issubclass(owner, BaseModel) and owner is not BaseModel:
            found |= _in_source(owner.__module__)[owner.__name__]
    return found


@functools.cache
def _in_source(module: str) -> dict[str, dict[str, str]]:
    """The docstrings of the fields that each class of *module* has of its own."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {node.name: _fields(node) for node in classes}


def _fields(node: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for statement, below in pairwise(node.body):
        match statement, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = inspect.cleandoc(text)
            case _:
                pass
    return found
