"""The provider in the test's own process, asked as the engine asks it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pulumi.provider.experimental import provider as api

from providers.minio_admin.provider import MinioAdmin
from providers.minio_admin.wire import plain, wrap
from tests.engine.minio_server import ROOT_SECRET, ROOT_USER, MinioServer

if TYPE_CHECKING:
    from collections.abc import Coroutine

OWNER = "shop/dev"
OWNER_ID = "0a1b2c3d"


class RefusedError(Exception):
    """What the user would read."""


@dataclass
class Known:
    """One resource in the state."""

    kind: str
    id: str
    inputs: dict
    outputs: dict


@dataclass
class Stack:
    """A stack's state and the provider behind it."""

    server: MinioServer
    owner: str = OWNER
    owner_id: str = OWNER_ID
    config: dict = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    resources: dict[str, Known] = field(default_factory=dict)

    def __post_init__(self):
        self.provider = MinioAdmin(self.warnings.append)
        values = {
            "endpoint": self.server.endpoint,
            "accessKey": ROOT_USER,
            "secretKey": ROOT_SECRET,
            "secure": self.server.ca is not None,
            "owner": self.owner,
            "ownerId": self.owner_id,
            **({"caCertificate": self.server.ca.read_text()} if self.server.ca else {}),
            **self.config,
        }
        checked = self._run(
            self.provider.check_config(api.CheckRequest("urn::p::p", {}, wrap(values), b""))
        )
        refuse(checked)
        self._run(
            self.provider.configure(
                api.ConfigureRequest(
                    {}, checked.inputs or {}, accept_secrets=True, accept_resources=False
                )
            )
        )

    def check(self, kind: str, inputs: dict, old: dict | None = None):
        """The inputs that the engine would go on with."""
        answer = self._run(
            self.provider.check(api.CheckRequest(urn(kind), wrap(old or {}), wrap(inputs), b""))
        )
        refuse(answer)
        return plain(answer.inputs or {})

    def preview(self, kind: str, inputs: dict) -> dict:
        """What a preview says of a new resource."""
        checked = self.check(kind, inputs)
        answer = self._run(
            self.provider.create(
                api.CreateRequest(urn(kind), wrap(checked), timeout=0, preview=True)
            )
        )
        return plain(answer.properties)

    def up(self, kind: str, inputs: dict, name: str = "it") -> set[str]:
        """Create or update one resource; the properties that changed."""
        known = self.resources.get(f"{kind}/{name}")
        checked = self.check(kind, inputs, known.inputs if known else None)
        if known is None:
            answer = self._run(
                self.provider.create(
                    api.CreateRequest(urn(kind), wrap(checked), timeout=0, preview=False)
                )
            )
            self.resources[f"{kind}/{name}"] = Known(
                kind, answer.resource_id or "", checked, plain(answer.properties)
            )
            return set(checked)
        changed = self.diff(kind, inputs, name)
        if changed.replaces:
            raise NotImplementedError(changed.replaces)
        if changed.changes:
            answer = self._run(
                self.provider.update(
                    api.UpdateRequest(
                        urn(kind),
                        known.id,
                        wrap(known.outputs),
                        wrap(checked),
                        timeout=0,
                        ignore_changes=[],
                        preview=False,
                    )
                )
            )
            known.outputs = plain(answer.properties)
        known.inputs = checked
        return set(changed.diffs)

    def preview_update(self, kind: str, inputs: dict, name: str = "it"):
        """What a preview says of a changed resource."""
        known = self.resources[f"{kind}/{name}"]
        checked = self.check(kind, inputs, known.inputs)
        answer = self._run(
            self.provider.update(
                api.UpdateRequest(
                    urn(kind),
                    known.id,
                    wrap(known.outputs),
                    wrap(checked),
                    timeout=0,
                    ignore_changes=[],
                    preview=True,
                )
            )
        )
        return plain(answer.properties)

    def diff(self, kind: str, inputs: dict, name: str = "it") -> api.DiffResponse:
        """The changes that the engine would show."""
        known = self.resources[f"{kind}/{name}"]
        checked = self.check(kind, inputs, known.inputs)
        return self._run(
            self.provider.diff(
                api.DiffRequest(urn(kind), known.id, wrap(known.outputs), wrap(checked), [])
            )
        )

    def refresh(self, kind: str, name: str = "it") -> bool:
        """Read one resource; whether it is still there."""
        known = self.resources[f"{kind}/{name}"]
        answer = self._read(kind, known.id, known.outputs, known.inputs)
        if not answer.resource_id:
            del self.resources[f"{kind}/{name}"]
            return False
        known.outputs, known.inputs = plain(answer.properties), plain(answer.inputs)
        return True

    def take(self, kind: str, resource_id: str, name: str = "it") -> dict:
        """Import a resource; its inputs."""
        answer = self._read(kind, resource_id, {}, {})
        if not answer.resource_id:
            raise RefusedError(resource_id)
        self.resources[f"{kind}/{name}"] = Known(
            kind, resource_id, plain(answer.inputs), plain(answer.properties)
        )
        return plain(answer.inputs)

    def destroy(self, kind: str, name: str = "it") -> None:
        """Delete one resource."""
        known = self.resources[f"{kind}/{name}"]
        self._run(
            self.provider.delete(api.DeleteRequest(urn(kind), known.id, wrap(known.outputs), 0))
        )
        del self.resources[f"{kind}/{name}"]

    def outputs(self, kind: str, name: str = "it") -> dict:
        """The last known outputs."""
        return self.resources[f"{kind}/{name}"].outputs

    def _read(self, kind: str, resource_id: str, outputs: dict, inputs: dict):
        request = api.ReadRequest(urn(kind), resource_id, wrap(outputs), wrap(inputs))
        return self._run(self.provider.read(request))

    @staticmethod
    def _run(answer: Coroutine):
        return asyncio.run(answer)


def refuse(answer: api.CheckResponse) -> None:
    """Raise what a check found."""
    if answer.failures:
        raise RefusedError("\n".join(failure.reason for failure in answer.failures))


def urn(kind: str) -> str:
    """The name of a resource as the engine spells it."""
    return f"urn:pulumi:dev::shop::minio-admin:index:{kind}::it"
