"""The gRPC side: faults as one line, and an end when the engine is gone."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Final

import grpc
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import DiffRequest
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from providers.minio_admin.errors import ProviderError, internal
from providers.minio_admin.provider import VERSION, MinioAdmin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""As large as the engine's own limit."""

_LOOK_SECONDS: Final = 1.0
_FINISH_SECONDS: Final = 30.0
"""Time for calls in flight when the engine is gone."""

_GUARDED: Final = (
    "CheckConfig",
    "Configure",
    "Check",
    "Diff",
    "Create",
    "Read",
    "Update",
    "Delete",
)


class Servicer(ProviderServicer):
    """The SDK's servicer; it adds a traceback to every error, which this one takes off."""

    async def DiffConfig(  # noqa: N802 - gRPC's name
        self, request: provider_pb2.DiffRequest, context: grpc.aio.ServicerContext
    ) -> provider_pb2.DiffResponse:
        """Compare configurations; the SDK's own method mixes up `some` and `none`."""
        del context
        response = await self._provider.diff_config(
            DiffRequest(
                request.urn,
                request.id,
                PropertyValue.unmarshal_map(request.olds),
                PropertyValue.unmarshal_map(request.news),
                list(request.ignoreChanges),
            )
        )
        answer = provider_pb2.DiffResponse
        changes = answer.DIFF_SOME if response.changes else answer.DIFF_NONE
        return answer(changes=changes, diffs=response.diffs)


def _guard(name: str) -> None:
    """Let the method *name* abort with one line instead of a traceback."""
    method = getattr(ProviderServicer, name)

    async def guarded(self: Servicer, request: object, context: grpc.aio.ServicerContext) -> object:
        try:
            return await method(self, request, context)
        except Exception as error:  # noqa: BLE001 - a bug of ours too is one line for the user
            # The SDK raises a new exception with the traceback in its text; ours is its context.
            cause = error.__context__ or error
            line = str(cause) if isinstance(cause, ProviderError) else internal(cause)
        # Not INTERNAL or UNKNOWN, after which the engine would keep a pending operation.
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, line)
        raise AssertionError

    setattr(Servicer, name, guarded)


for _name in _GUARDED:
    _guard(_name)


def main(arguments: list[str]) -> None:
    """Serve until the engine stops the process or is gone.

    Args:
        arguments: The engine's address.
    """
    if not arguments:
        sys.exit("pulumi-resource-minio-admin: no engine's address, Pulumi starts this program")
    asyncio.run(_serve(arguments[0], arguments))


async def _serve(engine: str, arguments: list[str]) -> None:
    parent = os.getppid()
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", _MESSAGE_BYTES)])
    servicer = Servicer(arguments, VERSION, MinioAdmin(_warner(engine)), engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # A killed engine kills no plugin; what is left would hold the user's admin key for ever.
    while os.getppid() == parent:
        if await _ended(server.wait_for_termination, _LOOK_SECONDS):
            return
    await server.stop(_FINISH_SECONDS)


async def _ended(wait: Callable[[float], Awaitable[bool]], seconds: float) -> bool:
    """Tell whether the server ended within *seconds*."""
    return not await wait(seconds)


def _warner(engine: str) -> Callable[[str], None]:
    """Show a line through the engine."""

    def warn(line: str) -> None:
        with grpc.insecure_channel(engine) as channel:
            request = engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=line)
            engine_pb2_grpc.EngineStub(channel).Log(request, timeout=5)

    return warn
