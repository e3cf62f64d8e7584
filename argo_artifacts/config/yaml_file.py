"""YAML as Pulumi reads it: no yes/no booleans, no dates, no key twice, names are text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from argo_artifacts.config.base import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema; aliases are refused, since a few lines of them fill any memory."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.constructor.ConstructorError(None, None, "an alias", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:  # noqa: FBT001, FBT002 - PyYAML's signature
        seen: set[object] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else None
            if name is None:
                raise yaml.constructor.ConstructorError(
                    None, None, "a key that is no text", key.start_mark
                )
            key.tag = "tag:yaml.org,2002:str"
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {name!r} twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


def load_yaml(file: Path) -> object:
    """Read one YAML document.

    Raises:
        ConfigError: the file cannot be read or is no such YAML; one line.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise ConfigError(
            [f"{file.name}: cannot be read ({reason}), a YAML file is accepted"]
        ) from None
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader, stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError([f"{file.name}: {error.problem}{at}, plain YAML is accepted"]) from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ConfigError([f"{file.name}: no YAML document, plain YAML is accepted"]) from None
