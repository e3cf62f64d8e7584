"""Text of documents and entries: canonical for machines, readable for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping


def document(value: Mapping[str, object]) -> str:
    """Write a policy document so that its text changes only with its meaning."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def entry(value: Mapping[str, object]) -> str:
    """Write YAML for Argo: sorted, block style, no aliases."""
    return yaml.safe_dump(dict(value), sort_keys=True, default_flow_style=False, width=1000)


def readable(value: Mapping[str, object]) -> str:
    """Write YAML for people: in its own order, lists of words in a line, long text in lines."""
    return yaml.dump(
        dict(value), Dumper=_Readable, sort_keys=False, default_flow_style=False, width=1000
    )


class _Readable(yaml.SafeDumper):
    """As people write it."""

    @override
    def represent_data(self, data: object) -> yaml.Node:
        if isinstance(data, str) and "\n" in data:
            return yaml.ScalarNode("tag:yaml.org,2002:str", data, style="|")
        node = super().represent_data(data)  # pyright: ignore[reportUnknownMemberType] - no types
        if isinstance(node, yaml.SequenceNode):
            node.flow_style = all(isinstance(item, yaml.ScalarNode) for item in node.value)
        return node

    @override
    def ignore_aliases(self, data: object) -> bool:
        return True
