"""Credentials: a name and a generated secret, for a server that does not stand yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from providers.minio_admin import fields, names
from providers.minio_admin.errors import ProviderError
from providers.minio_admin.resource import Resource, State
from providers.minio_admin.secret import new_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from providers.minio_admin.client import Server, Settings
    from providers.minio_admin.values import Plain


class Credentials(Resource):
    """``minio-admin:index:Credentials``; no server is asked for them."""

    word = "credentials"
    table = fields.CREDENTIALS
    key = "username"
    asks_server = False

    @override
    def path(self, settings: Settings, inputs: Plain) -> str:
        del settings
        name = inputs.get(self.key)
        return f"minio-admin {self.word} {name}" if isinstance(name, str) else self.word

    @override
    def faults(self, settings: Settings, old: Plain, new: Plain) -> Iterator[str]:
        del old
        name = new["username"]
        if isinstance(name, str) and (wrong := names.user(name)):
            yield f"{self.path(settings, new)} username: {wrong}"

    @override
    def refuse(self, server: Server, inputs: Plain) -> None:
        """Nothing to ask: they stand nowhere but in the state."""

    @override
    def create(self, server: Server, inputs: Plain) -> Plain:
        del server
        return {**inputs, "secretKey": new_secret()}

    @override
    def read(self, server: Server, name: str, known: State) -> State:
        if "secretKey" not in known.outputs:
            raise ProviderError(
                self.path(server.settings, {self.key: name}),
                "cannot be imported, generated ones are accepted; nobody can read a secret",
            )
        return known

    @override
    def update(self, server: Server, old: Plain, new: Plain) -> Plain:
        del server
        return {**new, "secretKey": old["secretKey"]}

    @override
    def delete(self, server: Server, state: Plain) -> None:
        """Nothing stands anywhere."""
