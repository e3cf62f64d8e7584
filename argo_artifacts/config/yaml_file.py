"""YAML as Pulumi reads it: no yes/no booleans, no dates, no key twice, names are text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

import yaml
from typing_extensions import override

from argo_artifacts.config.base import ConfigError
from argo_artifacts.config.faults import Fault, spell

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping
    from pathlib import Path

MAX_BYTES: Final = 16 * 1024 * 1024
"""Bytes of the largest file that is read; 10,000 tenants are about 1 MiB."""

_CORE: Final[Mapping[str, tuple[str, str]]] = {
    "bool": ("true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": ("[-+]?[0-9]+", "-+0123456789"),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    "null": ("~|null|Null|NULL|", "~nN"),
}
"""Scalars of YAML 1.2's core schema: pattern and first characters; all others are text."""

_TAG: Final = "tag:yaml.org,2002:"
_TAGS: Final = frozenset(f"{_TAG}{kind}" for kind in (*_CORE, "str", "seq", "map"))


class _Refusal(yaml.MarkedYAMLError):
    """Something that YAML knows and a stack file has no use for."""

    def __init__(self, mark: object, found: str) -> None:
        super().__init__(None, None, found, cast("yaml.Mark", mark))


class _Loader(yaml.SafeLoader):
    """Plain values only: no tags beyond the core schema, and no aliases.

    A few lines of aliases fill any memory.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own way to say it

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = cast("yaml.Event", self.peek_event())  # pyright: ignore[reportUnknownMemberType] - no types there
        if isinstance(event, yaml.AliasEvent):
            raise _Refusal(event.start_mark, "an alias")
        return super().compose_node(parent, index)

    @override
    def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
        if node.tag not in _TAGS:
            raise _Refusal(node.start_mark, f"the tag {node.tag!r}")
        if node.tag == f"{_TAG}int" and re.fullmatch("[-+]?0[0-9]+", str(node.value)):
            # Pulumi would read an octal number or a fraction, whatever the digits allow.
            raise _Refusal(node.start_mark, "a number that begins with 0")
        return cast("object", super().construct_object(node, deep=deep))  # pyright: ignore[reportUnknownMemberType] - no types there

    @override
    def construct_mapping(
        self, node: yaml.MappingNode, deep: bool = False
    ) -> dict[Hashable, object]:
        seen: set[str] = set()
        for key, _ in _entries(node):
            if not isinstance(key, yaml.ScalarNode):
                raise _Refusal(key.start_mark, "a key that is no text")
            key.tag = f"{_TAG}str"
            name = str(key.value)
            if name in seen:
                raise _Refusal(key.start_mark, f"key {name!r} twice")
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


for _kind, (_pattern, _first) in _CORE.items():
    _Loader.add_implicit_resolver(  # pyright: ignore[reportUnknownMemberType] - no types there
        f"{_TAG}{_kind}",
        re.compile(f"^(?:{_pattern})$"),
        [*_first, ""] if _kind == "null" else list(_first),
    )


def _entries(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    return cast("list[tuple[yaml.Node, yaml.Node]]", node.value)


def load_yaml(file: Path, name: str | None = None) -> object:
    """Read one YAML document; *name* stands for the file in a fault.

    Raises:
        ConfigError: the file cannot be read or is no such YAML; one line.
    """
    name = name or file.name
    return parse_yaml(read_text(file, name), name)


def read_text(file: Path, name: str) -> str:
    """Read the text of *file*; *name* stands for it in a fault.

    Raises:
        ConfigError: the file cannot be read; one line.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise _fault(name, f"cannot be read ({reason}), a YAML file is accepted") from None
    if len(content) > MAX_BYTES:
        raise _fault(name, f"more than {MAX_BYTES} bytes, a smaller file is accepted")
    return text.replace("\r\n", "\n")


def parse_yaml(text: str, name: str) -> object:
    """Read one YAML document from *text*.

    Raises:
        ConfigError: it is no such YAML; one line.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader, stricter
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = f" in line {mark.line + 1}" if mark else ""
        raise _fault(name, f"{error.problem}{at}, plain YAML is accepted") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise _fault(name, "no YAML document, plain YAML is accepted") from None


def _fault(name: str, what: str) -> ConfigError:
    return ConfigError([str(Fault(name, what))])


def line_numbers(text: str, root: str = "") -> Mapping[str, int]:
    """The line of each key and entry of a sound document, by its path below *root*."""
    node = yaml.compose(text, _Loader)
    return {} if node is None else dict(_lines(node, root, ()))


def _lines(node: yaml.Node, root: str, loc: tuple[int | str, ...]) -> Iterator[tuple[str, int]]:
    children: list[tuple[int | str, yaml.Node, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        children = [(str(key.value), key, value) for key, value in _entries(node)]
    elif isinstance(node, yaml.SequenceNode):
        entries = cast("list[yaml.Node]", node.value)
        children = [(index, entry, entry) for index, entry in enumerate(entries)]
    for step, head, child in children:
        yield spell(root, (*loc, step)), head.start_mark.line + 1
        yield from _lines(child, root, (*loc, step))
