"""The gRPC side of a plugin: faults as one line, and an end when the engine is gone."""

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

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pulumi.provider.experimental.provider import Provider

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
    "Invoke",
)


def serve(
    arguments: Sequence[str],
    name: str,
    version: str,
    make: Callable[[Callable[[str], None]], Provider],
    line: Callable[[BaseException], str],
) -> None:
    """Serve until the engine stops the process or is gone.

    Args:
        arguments: The engine's address.
        name: The program's name.
        version: The provider's version.
        make: Makes the provider, from what shows a line to the user.
        line: What the user reads of a fault.
    """
    if not arguments:
        sys.exit(f"{name}: no engine's address, Pulumi starts this program")
    provider = make(_warner(arguments[0]))
    asyncio.run(_serve(_servicer(line)(list(arguments), version, provider, arguments[0])))


class _Servicer(ProviderServicer):
    """The SDK's servicer."""

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


def _servicer(line: Callable[[BaseException], str]) -> type[_Servicer]:
    """Take the traceback off that the SDK adds to every error."""
    methods = {name: _guarded(name, line) for name in _GUARDED}
    return type("Servicer", (_Servicer,), methods)


def _guarded(name: str, line: Callable[[BaseException], str]) -> object:
    """Let the method *name* abort with one line."""
    method = getattr(ProviderServicer, name)

    async def guarded(
        self: _Servicer, request: object, context: grpc.aio.ServicerContext
    ) -> object:
        try:
            return await method(self, request, context)
        except Exception as error:  # noqa: BLE001 - a bug of ours too is one line for the user
            # The SDK raises a new exception with the traceback in its text; ours is its context.
            says = line(error.__context__ or error)
        # Not INTERNAL or UNKNOWN, after which the engine would keep a pending operation.
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, says)
        raise AssertionError

    return guarded


async def _serve(servicer: _Servicer) -> None:
    parent = os.getppid()
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", _MESSAGE_BYTES)])
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
