"""What the resource types have in common."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from providers.minio_admin import fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from providers.minio_admin.client import Server, Settings
    from providers.minio_admin.fields import Table
    from providers.minio_admin.values import Plain

Change = Literal["add", "update", "delete", "replace"]


@dataclass(frozen=True, slots=True)
class State:
    """What stands on the server, in the words of the program."""

    inputs: Plain
    outputs: Plain


class Resource(ABC):
    """A resource type; its instances hold nothing."""

    word: ClassVar[str]
    """What a user calls it: ``bucket``."""

    table: ClassVar[Table]
    key: ClassVar[str]
    """The property that is the physical name and the id."""

    asks_server: ClassVar[bool] = True
    """Whether the provider needs the address of a server for it."""

    def path(self, settings: Settings, inputs: Plain) -> str:
        """How the lines about one resource begin."""
        name = inputs.get(self.key)
        named = f" {name}" if isinstance(name, str) else ""
        return f"minio {settings.endpoint} {self.word}{named}"

    def settle(self, inputs: Plain) -> Plain:
        """Fill in defaults; spell equal inputs equally."""
        return fields.with_defaults(self.table, inputs)

    @abstractmethod
    def faults(self, settings: Settings, old: Plain, new: Plain) -> Iterator[str]:
        """Find what cannot be accepted, without asking the server.

        Args:
            settings: The provider's configuration.
            old: Inputs of the last run, empty for a new resource.
            new: Inputs of this run, types checked, some perhaps unknown.
        """

    def same(self, name: str, old: object, new: object) -> bool:
        """Tell whether two values of the property *name* mean the same."""
        del name
        return old == new

    def diff(self, settings: Settings, old: Plain, new: Plain) -> Mapping[str, Change]:
        """Compare the last known outputs with the program's inputs, property by property."""
        del settings
        changes: dict[str, Change] = {}
        for name, field in self.table.items():
            if field.output or (name not in old and name not in new):
                continue
            if name not in old:
                changes[name] = "add"
            elif name not in new:
                changes[name] = "delete"
            elif not self.same(name, old[name], new[name]):
                changes[name] = "replace" if field.names else "update"
        return changes

    @abstractmethod
    def refuse(self, server: Server, inputs: Plain) -> None:
        """Refuse to create what is there and is not ours; runs in the preview too.

        Raises:
            ProviderError: the line with owner and cure.
        """

    @abstractmethod
    def create(self, server: Server, inputs: Plain) -> Plain:
        """Create what is not there, finish what is ours; return the outputs."""

    @abstractmethod
    def read(self, server: Server, name: str, known: State) -> State | None:
        """Read what stands on the server, None where there is nothing.

        Args:
            server: The server.
            name: The id.
            known: What the last run knew; empty for an import.
        """

    def refuse_update(self, server: Server, old: Plain, new: Plain) -> None:
        """Refuse to change what is no longer ours; runs in the preview too."""
        del server, old, new

    @abstractmethod
    def update(self, server: Server, old: Plain, new: Plain) -> Plain:
        """Change what differs; return the outputs."""

    @abstractmethod
    def delete(self, server: Server, state: Plain) -> None:
        """Remove it; fine if it is gone."""


def is_ours(settings: Settings, name: str) -> bool:
    """Tell whether a user or a policy bears the stack's id as a part of its name."""
    return settings.owner_id in re.split(r"[^0-9A-Za-z]", name)
