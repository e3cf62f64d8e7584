"""Attachments: the policies of one user, these and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from providers.minio_admin import fields, names
from providers.minio_admin.errors import ProviderError
from providers.minio_admin.resource import Resource, State, is_ours
from providers.minio_admin.values import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from providers.minio_admin.client import Server, Settings
    from providers.minio_admin.values import Plain


class Attachment(Resource):
    """``minio-admin:index:Attachment``."""

    word = "attachment"
    table = fields.ATTACHMENT
    key = "user"

    @override
    def settle(self, inputs: Plain) -> Plain:
        policies = inputs.get("policies")
        if isinstance(policies, list) and all(isinstance(name, str) for name in policies):
            return {**inputs, "policies": sorted(set(policies))}
        return inputs

    @override
    def faults(self, settings: Settings, old: Plain, new: Plain) -> Iterator[str]:
        path = self.path(settings, new)
        user, policies = new["user"], new["policies"]
        if isinstance(user, str):
            if wrong := names.user(user):
                yield f"{path} user: {wrong}"
            elif old.get("user") != user and not is_ours(settings, user):
                yield (
                    f"{path} user: is not of this stack, a name with {settings.owner_id} in it is "
                    "accepted: other policies of the user would be detached"
                )
        if isinstance(policies, list):
            if not policies:
                yield f"{path} policies: none found, at least one is needed"
            for index, name in enumerate(policies):
                wrong = None if isinstance(name, Unknown) else names.policy(str(name))
                if wrong:
                    yield f"{path} policies[{index}]: {wrong}"

    @override
    def refuse(self, server: Server, inputs: Plain) -> None:
        """Nothing to ask: the user bears our id in its name."""

    @override
    def create(self, server: Server, inputs: Plain) -> Plain:
        return _sync(server, inputs)

    @override
    def read(self, server: Server, name: str, known: State) -> State | None:
        del known
        live = _live(server, name)
        if live is None:
            return None
        inputs: Plain = {"user": name, "policies": sorted(live)}
        return State(inputs, dict(inputs))

    @override
    def update(self, server: Server, old: Plain, new: Plain) -> Plain:
        del old
        return _sync(server, new)

    @override
    def delete(self, server: Server, state: Plain) -> None:
        name = str(state["user"])
        live = _live(server, name)
        if live is not None:
            _set(server, name, live, live - _wanted(state))


def _wanted(inputs: Plain) -> set[str]:
    policies = inputs["policies"]
    return set(policies) if isinstance(policies, list) else set()


def _live(server: Server, user: str) -> set[str] | None:
    """Policies of *user*, None if there is no such user."""
    known = server.user(user)
    if known is None:
        return None
    return {name for name in str(known.get("policyName") or "").split(",") if name}


def _sync(server: Server, inputs: Plain) -> Plain:
    name = str(inputs["user"])
    live = _live(server, name)
    if live is None:
        raise ProviderError(
            server.path_of(f"attachment {name}"),
            "there is no such user, an existing one is needed",
        )
    _set(server, name, live, _wanted(inputs))
    return dict(inputs)


def _set(server: Server, user: str, live: set[str], wanted: set[str]) -> None:
    """Give *user* exactly the wanted policies, in one call.

    The newer attach and detach are two calls, and slow: their bodies are encrypted with a key
    that both sides take half a second to derive.
    """
    if live != wanted:
        with server.asking(f"attachment {user}"):
            server.admin.policy_set(",".join(sorted(wanted)), user=user)
