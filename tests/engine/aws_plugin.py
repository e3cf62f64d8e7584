"""The double of the provider aws in the test's own process, asked as the engine asks it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulumi.provider.experimental import provider as api

from providers.minio_admin.values import Unknown
from providers.minio_admin.wire import plain, wrap
from tests.engine.aws_double.provider import Aws
from tests.engine.moto_server import REGION

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from tests.engine.aws_double.account import Account


class RefusedError(Exception):
    """What the user would read, a line for each fault."""


@dataclass
class Known:
    """One resource in the state."""

    token: str
    id: str
    inputs: dict
    outputs: dict


@dataclass
class Played:
    """A stack's state and the provider behind it.

    Args:
        folder: The double's own folder.
        config: Settings of the provider beside its region.
    """

    folder: Path
    config: dict = field(default_factory=dict)
    state: dict[str, Known] = field(default_factory=dict)

    def __post_init__(self):
        self.provider = Aws(self.folder)
        values = wrap({"region": REGION, **self.config})
        answer = _run(self.provider.check_config(api.CheckRequest("urn::p::p", {}, values, b"")))
        _refuse(answer)
        request = api.ConfigureRequest({}, values, accept_secrets=True, accept_resources=False)
        _run(self.provider.configure(request))

    @property
    def account(self) -> Account:
        return self.provider._ready()

    def check(self, token: str, inputs: dict) -> dict:
        """The inputs that the engine would go on with."""
        request = api.CheckRequest(_urn(token), {}, wrap(inputs), b"")
        answer = _run(self.provider.check(request))
        _refuse(answer)
        return plain(answer.inputs or {})

    def unknown(self, token: str, inputs: dict) -> set[str]:
        """The outputs that a preview of a new resource does not know."""
        request = api.CreateRequest(_urn(token), wrap(inputs), timeout=0, preview=True)
        outputs = plain(_run(self.provider.create(request)).properties)
        assert {name: outputs[name] for name in inputs} == inputs
        return {name for name, value in outputs.items() if isinstance(value, Unknown)}

    def create(self, token: str, inputs: dict) -> Known:
        checked = self.check(token, inputs)
        request = api.CreateRequest(_urn(token), wrap(checked), timeout=0, preview=False)
        answer = _run(self.provider.create(request))
        known = Known(token, answer.resource_id or "", checked, plain(answer.properties))
        self.state[token] = known
        return known

    def diff(self, token: str, inputs: dict, ignore: tuple[str, ...] = ()) -> api.DiffResponse:
        known = self.state[token]
        checked = self.check(token, inputs)
        request = api.DiffRequest(
            _urn(token), known.id, wrap(known.outputs), wrap(checked), list(ignore)
        )
        return _run(self.provider.diff(request))

    def update(self, token: str, inputs: dict) -> Known:
        """Change in place, which the diff must allow."""
        known = self.state[token]
        assert not self.diff(token, inputs).replaces
        checked = self.check(token, inputs)
        request = api.UpdateRequest(
            _urn(token),
            known.id,
            wrap(known.outputs),
            wrap(checked),
            timeout=0,
            ignore_changes=[],
            preview=False,
        )
        known.outputs = plain(_run(self.provider.update(request)).properties)
        known.inputs = checked
        return known

    def refresh(self, token: str) -> Known | None:
        """What stands there, by what is known."""
        known = self.state[token]
        return self._read(token, known.id, known.outputs, known.inputs)

    def take(self, token: str, resource_id: str) -> Known | None:
        """What an import finds."""
        return self._read(token, resource_id, {}, {})

    def delete(self, token: str) -> None:
        known = self.state.pop(token)
        request = api.DeleteRequest(_urn(token), known.id, wrap(known.outputs), timeout=0)
        _run(self.provider.delete(request))

    def _read(self, token: str, resource_id: str, outputs: dict, inputs: dict) -> Known | None:
        request = api.ReadRequest(_urn(token), resource_id, wrap(outputs), wrap(inputs))
        answer = _run(self.provider.read(request))
        if not answer.resource_id:
            return None
        found = (plain(answer.inputs), plain(answer.properties))
        return Known(token, answer.resource_id, *found)


def _run(answer: Coroutine):
    return asyncio.run(answer)


def _refuse(answer: api.CheckResponse) -> None:
    if answer.failures:
        raise RefusedError("\n".join(failure.reason for failure in answer.failures))


def _urn(token: str) -> str:
    return f"urn:pulumi:dev::shop::{token}::it"
