"""Users: a generated secret each, never changed in place; nothing they minted outlives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from providers.minio_admin import fields, names
from providers.minio_admin.errors import ProviderError
from providers.minio_admin.resource import Resource, State, is_ours
from providers.minio_admin.secret import new_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from providers.minio_admin.client import Server, Settings
    from providers.minio_admin.values import Plain

_GONE: Final = frozenset({"XMinioAdminNoSuchUser"})
_NO_REVOKING: Final = frozenset({"XMinioAdminVersionMismatch", "XMinioAdminNoSuchUser"})
"""An older server cannot end sessions, which then are only suspended with the user."""


class User(Resource):
    """``minio-admin:index:User``."""

    word = "user"
    table = fields.USER
    key = "name"

    @override
    def faults(self, settings: Settings, old: Plain, new: Plain) -> Iterator[str]:
        del old
        path = self.path(settings, new)
        name, status = new["name"], new.get("status")
        if isinstance(name, str):
            if wrong := names.user(name):
                yield f"{path} name: {wrong}"
            if name == settings.access_key:
                yield f"{path} name: is the admin's own, another is needed"
        if isinstance(status, str) and status not in ("enabled", "disabled"):
            yield f"{path} status: {status!r} found, enabled or disabled is accepted"

    @override
    def refuse(self, server: Server, inputs: Plain) -> None:
        name = str(inputs["name"])
        if server.user(name) is not None and not is_ours(server.settings, name):
            raise ProviderError(
                self.path(server.settings, inputs),
                f"exists and is not of this stack, a name "
                f"with {server.settings.owner_id} in it or a free one is accepted; choose another "
                "name, since its secret cannot be read",
            )

    @override
    def create(self, server: Server, inputs: Plain) -> Plain:
        self.refuse(server, inputs)
        secret = new_secret()
        make(server, str(inputs["name"]), secret)
        if inputs["status"] == "disabled":
            _set_status(server, str(inputs["name"]), "disabled")
        return {**inputs, "secretKey": secret}

    @override
    def read(self, server: Server, name: str, known: State) -> State | None:
        live = server.user(name)
        if live is None:
            return None
        inputs: Plain = {"name": name, "status": live["status"]}
        # Nobody can read a secret: an imported user has none that we know.
        return State(inputs, {**inputs, "secretKey": known.outputs.get("secretKey", "")})

    @override
    def update(self, server: Server, old: Plain, new: Plain) -> Plain:
        _set_status(server, str(new["name"]), str(new["status"]))
        return {**new, "secretKey": old.get("secretKey", "")}

    @override
    def delete(self, server: Server, state: Plain) -> None:
        name = str(state["name"])
        _remove(server, name)
        _end_sessions(server, name)


def make(server: Server, name: str, secret: str) -> None:
    """Make a user that nobody else has made."""
    if is_ours(server.settings, name):
        # Half made, it begins anew: what it minted would outlive a mere new secret.
        _remove(server, name)
    _end_sessions(server, name)
    with server.asking(f"user {name}"):
        server.admin.user_add(name, secret)


def _set_status(server: Server, name: str, status: str) -> None:
    with server.asking(f"user {name}"):
        if status == "enabled":
            server.admin.user_enable(name)
        else:
            server.admin.user_disable(name)


def _remove(server: Server, name: str) -> None:
    """Remove a user, if there is one; the server removes what it minted with it."""
    with server.asking(f"user {name}", tolerate=_GONE):
        server.admin.user_remove(name)


def _end_sessions(server: Server, name: str) -> None:
    """End the sessions opened in a user's name.

    The server only suspends them with the user: they revive with the next user of this name.
    """
    with server.asking(f"user {name}", tolerate=_NO_REVOKING):
        server.admin.sessions_revoke(name)
