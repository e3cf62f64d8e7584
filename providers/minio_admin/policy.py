"""Policies: compared by meaning, never by spelling."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, cast

from typing_extensions import override

from providers.minio_admin import fields, names
from providers.minio_admin.errors import ProviderError
from providers.minio_admin.resource import Resource, State, is_ours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from providers.minio_admin.client import Server, Settings
    from providers.minio_admin.values import Plain

MAX_BYTES: Final = 20_480
"""The server refuses a longer document (20,481 bytes: EntityTooLarge)."""

_IN_USE: Final = frozenset({"XMinioIAMPolicyInUse"})
_VERSION: Final = "2012-10-17"
_TOP: Final = ("ID", "Id", "Statement", "Version")
_STATEMENT: Final = ("Action", "Condition", "Effect", "NotResource", "Resource", "Sid")
_REFUSED: Final = {
    "NotAction": "found, the server can never read it back; list the actions",
    "Principal": "found, the server drops it; attach the policy to users",
}


class Policy(Resource):
    """``minio-admin:index:Policy``."""

    word = "policy"
    table = fields.POLICY
    key = "name"

    @override
    def faults(self, settings: Settings, old: Plain, new: Plain) -> Iterator[str]:
        del old
        path = self.path(settings, new)
        name, document = new["name"], new["document"]
        if isinstance(name, str) and (wrong := names.policy(name)):
            yield f"{path} name: {wrong}"
        if isinstance(document, str):
            yield from (f"{path} document{wrong}" for wrong in _document_faults(document))

    @override
    def same(self, name: str, old: object, new: object) -> bool:
        if name == "document" and isinstance(old, str) and isinstance(new, str):
            return canonical(old) == canonical(new)
        return old == new

    @override
    def refuse(self, server: Server, inputs: Plain) -> None:
        name = str(inputs["name"])
        if server.policy(name) is not None and not is_ours(server.settings, name):
            raise ProviderError(
                self.path(server.settings, inputs),
                f"exists and is not of this stack, a name "
                f"with {server.settings.owner_id} in it or a free one is accepted; choose another "
                "name, or import it",
            )

    @override
    def create(self, server: Server, inputs: Plain) -> Plain:
        self.refuse(server, inputs)
        return self._put(server, inputs)

    @override
    def read(self, server: Server, name: str, known: State) -> State | None:
        text = server.policy(name)
        if text is None:
            return None
        stored = canonical(text)
        unchanged = known.outputs.get("stored") == stored
        inputs: Plain = {
            "name": name,
            "document": known.inputs["document"] if unchanged else stored,
        }
        return State(inputs, {**inputs, "stored": stored})

    @override
    def update(self, server: Server, old: Plain, new: Plain) -> Plain:
        del old
        return self._put(server, new)

    @override
    def delete(self, server: Server, state: Plain) -> None:
        name = str(state["name"])
        with server.asking(f"policy {name}", tolerate=_IN_USE):
            server.admin.policy_remove(name)  # fine if it is gone
            return
        with server.asking(f"policy {name}"):
            answer = json.loads(server.admin.get_policy_entities([], [], [name]))
        for mapping in answer.get("policyMappings") or []:
            for user in mapping.get("users") or []:
                _detach(server, name, user=user)
            for group in mapping.get("groups") or []:
                _detach(server, name, group=group)
        with server.asking(f"policy {name}"):
            server.admin.policy_remove(name)

    def _put(self, server: Server, inputs: Plain) -> Plain:
        name, document = str(inputs["name"]), str(inputs["document"])
        with server.asking(f"policy {name}"):
            server.admin.policy_put(name, compact(document))
        stored = server.policy(name)
        return {**inputs, "stored": canonical(stored or document)}


def compact(document: str) -> str:
    """Spell a document without spaces, as it is sent and its size counted."""
    return json.dumps(json.loads(document), separators=(",", ":"))


def canonical(document: str) -> str:
    """Spell equal documents equally; what is no policy stays as it is."""
    try:
        value = json.loads(document)
    except ValueError:
        return document
    if not isinstance(value, dict) or "Statement" not in value:
        return document
    top = {"ID" if key == "Id" else key: item for key, item in value.items()}
    statements = {json.dumps(_settled(item), sort_keys=True) for item in _list(top["Statement"])}
    top["Statement"] = [json.loads(item) for item in sorted(statements)]
    return json.dumps(top, sort_keys=True, separators=(",", ":"))


def _settled(statement: object) -> object:
    """A statement whose lists are sorted and whose single values are lists."""
    if not isinstance(statement, dict):
        return statement
    settled: dict[str, object] = {}
    for key, item in statement.items():
        if key in ("Action", "NotAction", "Resource", "NotResource"):
            settled[key] = sorted({str(value) for value in _list(item)})
        elif key == "Condition" and isinstance(item, dict):
            settled[key] = {operator: _tests(tests) for operator, tests in item.items()}
        elif not (key == "Sid" and item == ""):
            settled[key] = item
    return settled


def _tests(tests: object) -> object:
    if not isinstance(tests, dict):
        return tests
    return {key: sorted({_said(v) for v in _list(values)}) for key, values in tests.items()}


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _document_faults(document: str) -> Iterator[str]:
    """Say what the server would refuse, drop or never give back."""
    try:
        value = json.loads(document)
    except ValueError as error:
        yield f": no JSON ({error}), a policy document is needed"
        return
    if not isinstance(value, dict):
        yield f": {type(value).__name__} found, an object with Version and Statement is accepted"
        return
    size = len(compact(document).encode())
    if size > MAX_BYTES:
        yield (
            f": {size} bytes without spaces found, {MAX_BYTES} are accepted; "
            "divide it into several policies"
        )
    yield from _unknown("", value, _TOP)
    if value.get("Version") != _VERSION:
        yield f" Version: {value.get('Version')!r} found, '{_VERSION}' is accepted"
    statements = _list(value.get("Statement", []))
    if not statements:
        yield " Statement: none found, at least one is needed"
    for index, statement in enumerate(statements):
        yield from _statement_faults(f" Statement[{index}]", statement)


def _statement_faults(place: str, statement: object) -> Iterator[str]:
    if not isinstance(statement, dict):
        yield f"{place}: {type(statement).__name__} found, an object is accepted"
        return
    for key, reason in _REFUSED.items():
        if key in statement:
            yield f"{place} {key}: {reason}"
    yield from _unknown(place, statement, (*_STATEMENT, *_REFUSED))
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"{place} Effect: {statement.get('Effect')!r} found, Allow or Deny is accepted"
    actions = [str(action) for action in _list(statement.get("Action", []))]
    admin = [action for action in actions if action.startswith("admin:")]
    if not actions and "NotAction" not in statement:
        yield f"{place} Action: none found, at least one is needed"
    if admin and len(admin) != len(actions):
        yield f"{place} Action: admin and other actions found, one kind in a statement is accepted"
    resources = [*_list(statement.get("Resource", [])), *_list(statement.get("NotResource", []))]
    if not resources and not admin:
        yield f"{place} Resource: none found, at least one ARN is needed"
    for resource in resources:
        if not isinstance(resource, str) or not resource.startswith("arn:"):
            yield f"{place} Resource: {resource!r} found, arn:aws:s3:::bucket/key is accepted"


def _unknown(place: str, value: dict[str, object], accepted: tuple[str, ...]) -> Iterator[str]:
    for key in value:
        if key not in accepted:
            yield f"{place} {key!r}: unknown, {', '.join(accepted)} are accepted"


def _detach(
    server: Server, name: str, *, user: str | None = None, group: str | None = None
) -> None:
    gone = frozenset(
        {"XMinioAdminPolicyChangeAlreadyApplied", "XMinioAdminNoSuchUser", "XMinioAdminNoSuchGroup"}
    )
    with server.asking(f"policy {name}", tolerate=gone):
        server.admin.detach_policy([name], user=user, group=group)
