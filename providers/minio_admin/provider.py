"""The provider: what Pulumi asks, answered by the resource types."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Final, TypeVar

from pulumi.provider.experimental import provider as api

from providers.minio_admin import configuration, fields
from providers.minio_admin.attachment import Attachment
from providers.minio_admin.bucket import Bucket
from providers.minio_admin.client import Server
from providers.minio_admin.configuration import PATH
from providers.minio_admin.credentials import Credentials
from providers.minio_admin.errors import ProviderError, UnreachableError
from providers.minio_admin.policy import Policy
from providers.minio_admin.resource import State
from providers.minio_admin.user import User
from providers.minio_admin.values import UNKNOWN, Unknown, has_unknown
from providers.minio_admin.wire import plain, wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pulumi.provider.experimental.property_value import PropertyValue

    from providers.minio_admin.resource import Resource
    from providers.minio_admin.values import Plain

T = TypeVar("T")

VERSION: Final = "0.1.0"

_LOOK_AGAIN_SECONDS: Final = 1.0
"""Between two looks whether the server answers by now."""

_RESOURCES: Final[Mapping[str, Resource]] = {
    f"minio-admin:index:{kind.__name__}": kind()
    for kind in (Bucket, Policy, User, Attachment, Credentials)
}
_KINDS: Final = {
    "add": api.PropertyDiffKind.ADD,
    "update": api.PropertyDiffKind.UPDATE,
    "delete": api.PropertyDiffKind.DELETE,
    "replace": api.PropertyDiffKind.UPDATE_REPLACE,
}


def _resource_of(kind: str) -> Resource:
    """Find the resource of a URN's type; a child's type names its parents' first."""
    name = kind.rpartition("$")[2]
    if name not in _RESOURCES:
        raise ProviderError(PATH, f"{name} found, {', '.join(_RESOURCES)} are accepted")
    return _RESOURCES[name]


class MinioAdmin(api.Provider):
    """The provider of one server."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        """Wait for the configuration.

        Args:
            warn: Shows a line to the user.
        """
        self._warn = warn
        self._warned = False
        self._server: Server | None = None
        self._quick: Server | None = None
        self._answered = asyncio.Lock()
        self._waits = False

    async def get_schema(self, request: api.GetSchemaRequest) -> api.GetSchemaResponse:
        """Describe the types."""
        del request
        return api.GetSchemaResponse(json.dumps({**fields.schema(), "version": VERSION}))

    async def check_config(self, request: api.CheckRequest) -> api.CheckResponse:
        """Check the configuration; secrets are secret whatever the program says."""
        values = fields.with_defaults(fields.CONFIG, configuration.taken(plain(request.new_inputs)))
        faults = list(configuration.faults(values))
        secret = {name for name, field in fields.CONFIG.items() if field.secret}
        return api.CheckResponse(wrap(values, secret), _failures(faults))

    async def diff_config(self, request: api.DiffRequest) -> api.DiffResponse:
        """Compare configurations; no change ever replaces the provider and what it made."""
        old = configuration.taken(plain(request.old_state))
        new = configuration.taken(plain(request.new_inputs))
        changed = sorted(name for name in fields.CONFIG if old.get(name) != new.get(name))
        return api.DiffResponse(changes=bool(changed), diffs=changed)

    async def configure(self, request: api.ConfigureRequest) -> api.ConfigureResponse:
        """Take the configuration; nothing is sent yet."""
        values = fields.with_defaults(fields.CONFIG, configuration.taken(plain(request.args)))
        if not has_unknown(values):
            settings = configuration.settings(values)
            self._server = Server(settings)
            self._quick = Server(settings, patient=False)
            self._waits = settings.wait_seconds > 0
        return api.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def check(self, request: api.CheckRequest) -> api.CheckResponse:
        """Check inputs without asking the server."""
        resource = _resource_of(request.type)
        settings = self._ready(resource).settings
        given = plain(request.new_inputs)
        path = resource.path(settings, given)
        faults = list(fields.check(resource.table, path, given))
        inputs = resource.settle(given)
        if not faults:
            faults = list(resource.faults(settings, plain(request.old_inputs), inputs))
        return api.CheckResponse(wrap(inputs, _secrets(request.new_inputs)), _failures(faults))

    async def diff(self, request: api.DiffRequest) -> api.DiffResponse:
        """Compare what was last known with the program."""
        resource = _resource_of(request.type)
        new = resource.settle(plain(request.new_inputs))
        changes = dict(resource.diff(self._ready(resource).settings, plain(request.old_state), new))
        for name in request.ignore_changes:
            changes.pop(name, None)
        return api.DiffResponse(
            changes=bool(changes),
            replaces=[name for name, change in changes.items() if change == "replace"],
            diffs=sorted(changes),
            detailed_diff={
                name: api.PropertyDiff(_KINDS[change], input_diff=not resource.table[name].output)
                for name, change in changes.items()
            },
        )

    async def create(self, request: api.CreateRequest) -> api.CreateResponse:
        """Create; a preview asks the server whether it would be refused."""
        resource = _resource_of(request.type)
        inputs = plain(request.properties)
        secret = _secrets(request.properties)
        if request.preview:
            if not isinstance(inputs[resource.key], Unknown):
                await self._ask_ahead(resource, lambda server: resource.refuse(server, inputs))
            return api.CreateResponse("", _outputs(resource, _expected(resource, inputs), secret))
        outputs = await self._change(resource, lambda server: resource.create(server, inputs))
        return api.CreateResponse(str(inputs[resource.key]), _outputs(resource, outputs, secret))

    async def read(self, request: api.ReadRequest) -> api.ReadResponse:
        """Read what stands there, for a refresh or an import."""
        resource = _resource_of(request.type)
        known = State(plain(request.inputs), plain(request.properties))
        state = await self._ask(
            resource, lambda server: resource.read(server, request.resource_id, known)
        )
        if state is None:
            return api.ReadResponse("", {}, {})
        secret = _secrets(request.inputs)
        return api.ReadResponse(
            request.resource_id,
            _outputs(resource, state.outputs, secret),
            wrap(state.inputs, secret),
        )

    async def update(self, request: api.UpdateRequest) -> api.UpdateResponse:
        """Change in place."""
        resource = _resource_of(request.type)
        old, new = plain(request.olds), plain(request.news)
        secret = _secrets(request.news)
        if request.preview:
            await self._ask_ahead(resource, lambda server: resource.refuse_update(server, old, new))
            expected = {**_expected(resource, new), **_kept(resource, old)}
            return api.UpdateResponse(_outputs(resource, expected, secret))
        outputs = await self._change(resource, lambda server: resource.update(server, old, new))
        return api.UpdateResponse(_outputs(resource, outputs, secret))

    async def delete(self, request: api.DeleteRequest) -> None:
        """Remove."""
        resource = _resource_of(request.type)
        state = plain(request.properties)
        await self._change(resource, lambda server: resource.delete(server, state))

    def _ready(self, resource: Resource) -> Server:
        if self._server is None:
            raise ProviderError(PATH, "no configuration yet, endpoint and keys are needed")
        if resource.asks_server and not self._server.settings.endpoint:
            needed = "endpoint, accessKey and secretKey are required"
            raise ProviderError(PATH, f"no endpoint, {needed} for a {resource.word}")
        return self._server

    async def _ask(self, resource: Resource, work: Callable[[Server], T]) -> T:
        """Run blocking *work* beside other requests."""
        return await asyncio.to_thread(work, self._ready(resource))

    async def _change(self, resource: Resource, work: Callable[[Server], T]) -> T:
        """Run blocking *work*; the first one waits until the server answers."""
        server = self._ready(resource)
        if resource.asks_server:
            await self._answering(server.settings.wait_seconds)
        return await asyncio.to_thread(work, server)

    async def _answering(self, seconds: int) -> None:
        """Wait until the server answers, once, and at most *seconds*."""
        async with self._answered:
            end = time.monotonic() + seconds
            while self._waits and self._quick is not None and time.monotonic() < end:
                if await asyncio.to_thread(self._quick.answers):
                    break
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            self._waits = False

    async def _ask_ahead(self, resource: Resource, question: Callable[[Server], None]) -> None:
        """Let a preview refuse; a server that comes up only in the real run cannot be asked."""
        server = self._ready(resource)
        server = self._quick or server
        try:
            await asyncio.to_thread(question, server)
        except UnreachableError as error:
            if not self._warned:
                self._warned = True
                self._warn(f"{error}; this preview could not look for what exists there already")


def _failures(faults: Iterable[str]) -> list[api.CheckFailure] | None:
    """Without the property's name, beside which the engine would print its value."""
    return [api.CheckFailure("", fault) for fault in faults] or None


def _secrets(values: Mapping[str, PropertyValue]) -> set[str]:
    """Names of the properties whose values hold a secret."""
    return {name for name, value in values.items() if value.contains_secret()}


def _outputs(resource: Resource, values: Plain, secret: set[str]) -> dict[str, PropertyValue]:
    always = {name for name, field in resource.table.items() if field.secret}
    return wrap(values, secret | always)


def _expected(resource: Resource, inputs: Plain) -> Plain:
    """What a preview can say: the inputs, and unknown where the server decides."""
    return {**{name: UNKNOWN for name, f in resource.table.items() if f.output}, **inputs}


def _kept(resource: Resource, old: Plain) -> Plain:
    """Outputs that an update never changes."""
    return {name: old[name] for name, f in resource.table.items() if f.secret and name in old}
