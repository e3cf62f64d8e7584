"""A server made what a desired state says: whatever differs is changed, nothing is done twice.

Users and policies that bear our id and are not desired any more go; buckets never do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.minio_admin import user
from providers.minio_admin.desired import ATTACHMENT, BUCKET, POLICY, USER
from providers.minio_admin.errors import ProviderError
from providers.minio_admin.resource import State, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from providers.minio_admin.client import Server
    from providers.minio_admin.desired import DesiredState
    from providers.minio_admin.resource import Resource
    from providers.minio_admin.values import Plain


def apply(server: Server, state: DesiredState, secrets: Mapping[str, str]) -> Iterator[str]:
    """Make the server what *state* says.

    What is added comes before what is removed, so that a run that fails takes nothing away.

    Args:
        server: The server.
        state: What shall stand there.
        secrets: The secret of each user, by name.

    Yields:
        One line for each change, as soon as it is done.

    Raises:
        ProviderError: the server refused, or something there is not ours.
    """
    for resource, some in ((BUCKET, state.buckets), (POLICY, state.policies)):
        for inputs in some:
            yield from _settle(server, resource, inputs)
    for inputs, attachment in zip(state.users, state.attachments, strict=True):
        yield from _settle_user(server, inputs, secrets[str(inputs["name"])])
        yield from _settle(server, ATTACHMENT, attachment)
    yield from _remove(server, USER, server.users() - state.names(state.users))
    yield from _remove(server, POLICY, server.policies() - state.names(state.policies))


def _settle(server: Server, resource: Resource, inputs: Plain) -> Iterator[str]:
    """Create what is not there, update what differs."""
    resource.refuse(server, inputs)
    name = str(inputs[resource.key])
    # Whether a bucket was adopted is read from the bucket: nobody remembers the last run.
    known = State({key: value for key, value in inputs.items() if key != "ownership"}, {})
    live = resource.read(server, name, known)
    if live is None:
        resource.create(server, inputs)
        yield f"{resource.word} {name}: created"
        return
    changes = resource.diff(server.settings, live.outputs, inputs)
    if changes:
        resource.update(server, live.outputs, inputs)
        yield f"{resource.word} {name}: updated ({', '.join(sorted(changes))})"


def _settle_user(server: Server, inputs: Plain, secret: str) -> Iterator[str]:
    """Create a user with its given secret; one that is there must have it already."""
    name = str(inputs["name"])
    if USER.read(server, name, State({}, {})) is None:
        user.make(server, name, secret)
        yield f"user {name}: created"
        return
    yield from _settle(server, USER, inputs)
    if not server.accepts(name, secret):
        raise ProviderError(
            server.path_of(f"user {name}"),
            "does not take the secret that the stack gives, a user with that secret is needed (it "
            "is never changed in place: keys that the user minted would survive); give the "
            "repository another key in keys.live, or remove the user and provision again",
        )


def _remove(server: Server, resource: Resource, names: set[str]) -> Iterator[str]:
    """Remove those of *names* that are ours; the admin is not, whatever its name."""
    for name in sorted(names - {server.settings.access_key}):
        if not is_ours(server.settings, name):
            continue
        resource.delete(server, {resource.key: name})
        yield f"{resource.word} {name}: removed"
