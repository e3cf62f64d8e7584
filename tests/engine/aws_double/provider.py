"""The provider aws as the engine asks it, over a server that speaks AWS's API."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

from pulumi.provider.experimental import provider as api

from providers.minio_admin.values import UNKNOWN, Unknown, has_unknown
from providers.minio_admin.wire import plain, wrap
from tests.engine.aws_double.account import Account
from tests.engine.aws_double.checking import faults
from tests.engine.aws_double.refusal import RefusalError
from tests.engine.aws_double.replaced import replacing
from tests.engine.aws_double.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pulumi.provider.experimental.property_value import PropertyValue

    from providers.minio_admin.values import Plain
    from tests.engine.aws_double.kind import Kind
    from tests.engine.aws_double.sdk import Resource, Schema

SCHEMA: Final = "schema.json"
"""File in the double's folder with the SDK's properties."""

_CONFIG: Final = frozenset({"region", "allowedAccountIds", "assumeRoles"})
_FROM_SDK: Final = frozenset(
    {
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "version",
    }
)
"""What the SDK itself adds to each provider."""

_PATH: Final = "provider aws"
_ROLE: Final = frozenset({"roleArn", "externalId"})


class Aws(api.Provider):
    """One provider of a program.

    Args:
        folder: The double's own folder: the SDK's properties, what moto lacks, the faults.
    """

    def __init__(self, folder: Path) -> None:
        self._schema: Schema = json.loads((folder / SCHEMA).read_text())
        self._shelf = Shelf(folder)
        self._account: Account | None = None

    async def get_schema(self, request: api.GetSchemaRequest) -> api.GetSchemaResponse:
        """Describe no type; the engine needs none."""
        del request
        return api.GetSchemaResponse(json.dumps({"name": "aws"}))

    async def check_config(self, request: api.CheckRequest) -> api.CheckResponse:
        """Refuse a setting that the double does not heed."""
        values = plain(request.new_inputs)
        found = [
            f"provider aws: {name} is not taught, {', '.join(sorted(_CONFIG))} are accepted"
            for name in values
            if name not in _CONFIG | _FROM_SDK
        ]
        found += [
            f"provider aws: assumeRoles: {name} is not taught, roleArn and externalId are accepted"
            for role in _unpacked(values.get("assumeRoles", []))
            for name in role
            if name not in _ROLE
        ]
        if not values.get("region"):
            found.append("provider aws: region: absent, a value is required")
        return api.CheckResponse(request.new_inputs, _failures(found))

    async def diff_config(self, request: api.DiffRequest) -> api.DiffResponse:
        """Compare configurations; no change replaces what was made."""
        old, new = plain(request.old_state), plain(request.new_inputs)
        changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        return api.DiffResponse(changes=bool(changed), diffs=changed)

    async def configure(self, request: api.ConfigureRequest) -> api.ConfigureResponse:
        """Log in, and refuse another account."""
        values = plain(request.args)
        if has_unknown(values):
            raise RefusalError(_PATH, "an unknown setting, a known one is accepted")
        account = Account(
            str(values["region"]),
            _unpacked(values.get("assumeRoles", [])),
            _unpacked(values.get("allowedAccountIds", [])),
        )
        await asyncio.to_thread(account.refuse_others)
        self._account = account
        return api.ConfigureResponse(accept_secrets=True, supports_preview=True)

    async def invoke(self, request: api.InvokeRequest) -> api.InvokeResponse:
        """Refuse: the program asks the account itself."""
        raise RefusalError(_PATH, f"{request.tok} is not taught, no function is accepted")

    async def check(self, request: api.CheckRequest) -> api.CheckResponse:
        """Check inputs by the SDK's properties, and by what the double was taught."""
        kind, inputs = self._kind(request.type), plain(request.new_inputs)
        found = [*faults(self._schema, kind.token, inputs)] or [*_untaught(kind, inputs)]
        return api.CheckResponse(wrap(inputs, _secrets(request.new_inputs)), _failures(found))

    async def diff(self, request: api.DiffRequest) -> api.DiffResponse:
        """Compare what was last known with the program."""
        kind = self._kind(request.type)
        old, new = plain(request.old_state), plain(request.new_inputs)
        replaces = replacing(kind.token)
        changes = {
            name: _change(name in replaces, old.get(name) is None, new.get(name) is None)
            for name in self._changed(kind, old, new)
            if name not in request.ignore_changes
        }
        replaced = [name for name in changes if name in replaces]
        return api.DiffResponse(
            changes=bool(changes),
            replaces=replaced,
            diffs=sorted(changes),
            detailed_diff={
                name: api.PropertyDiff(change, input_diff=True) for name, change in changes.items()
            },
            # two of one physical name cannot stand beside each other
            delete_before_replace=bool(replaced) and kind.named not in replaced,
        )

    async def create(self, request: api.CreateRequest) -> api.CreateResponse:
        """Create; a preview knows nothing but the inputs."""
        kind, inputs = self._kind(request.type), plain(request.properties)
        secret = _secrets(request.properties) | kind.secret
        if request.preview:
            return api.CreateResponse("", wrap(self._expected(kind, inputs), secret))

        def made() -> tuple[str, Plain]:
            account = self._ready()
            self._shelf.strike("before", "create", kind.token, request.name)
            found = kind.create(account, self._shelf, inputs)
            self._shelf.strike("after", "create", kind.token, request.name)
            return found, self._live(kind, found, inputs)

        found, outputs = await asyncio.to_thread(made)
        return api.CreateResponse(found, wrap(outputs, secret))

    async def read(self, request: api.ReadRequest) -> api.ReadResponse:
        """Read what stands there: of a refresh, or of an import by ``id`` or ``id@region``."""
        kind, known = self._kind(request.type), plain(request.properties)
        had = plain(request.inputs)
        found, _, region = request.resource_id.partition("@")
        if region:
            known = {**known, "region": region}
        secret = _secrets(request.inputs) | kind.secret

        def seen() -> Plain | None:
            self._shelf.strike("before", "read", kind.token, request.name)
            return kind.read(self._ready(), self._shelf, found, known)

        live = await asyncio.to_thread(seen)
        if live is None:
            return api.ReadResponse("", {}, {})
        outputs = _outputs(kind, live, known)
        inputs = {
            name: had[name] if name in had and kind.same(name, value, had[name]) else value
            for name, value in outputs.items()
            if name in kind.taught
            and (name in had or (not had and value != kind.defaults.get(name)))
        }
        return api.ReadResponse(found, wrap(outputs, secret), wrap(inputs, secret))

    async def update(self, request: api.UpdateRequest) -> api.UpdateResponse:
        """Change in place."""
        kind = self._kind(request.type)
        old, new = plain(request.olds), plain(request.news)
        secret = _secrets(request.news) | kind.secret
        if request.preview:
            expected = {**old, **new}
            return api.UpdateResponse(wrap(expected, secret))

        def changed() -> Plain:
            account = self._ready()
            self._shelf.strike("before", "update", kind.token, request.name)
            kind.update(account, self._shelf, request.resource_id, old, new)
            self._shelf.strike("after", "update", kind.token, request.name)
            return self._live(
                kind, request.resource_id, {**{k: old.get(k) for k in kind.secret}, **new}
            )

        return api.UpdateResponse(wrap(await asyncio.to_thread(changed), secret))

    async def delete(self, request: api.DeleteRequest) -> None:
        """Remove."""
        kind, known = self._kind(request.type), plain(request.properties)
        name = request.urn.rpartition("::")[2]

        def gone() -> None:
            account = self._ready()
            self._shelf.strike("before", "delete", kind.token, name)
            kind.delete(account, self._shelf, request.resource_id, known)
            self._shelf.strike("after", "delete", kind.token, name)

        await asyncio.to_thread(gone)

    def _kind(self, of: str) -> Kind:
        """Find the type of a URN, whose own comes after its parents'."""
        token = of.rpartition("$")[2]
        if token.startswith("aws:s3/"):
            from tests.engine.aws_double.s3 import KINDS  # noqa: PLC0415 - what a program uses
        elif token.startswith("aws:iam/"):
            from tests.engine.aws_double.iam import KINDS  # noqa: PLC0415
        elif token.startswith("aws:kms/"):
            from tests.engine.aws_double.kms import KINDS  # noqa: PLC0415
        else:
            from tests.engine.aws_double.shelved import KINDS  # noqa: PLC0415
        for kind in KINDS:
            if kind.token == token:
                return kind
        accepted = ", ".join(self._schema["resources"])
        raise RefusalError(_PATH, f"{token} is not taught, {accepted} are accepted")

    def _ready(self) -> Account:
        if self._account is None:
            raise RefusalError(_PATH, "no configuration yet, one is required")
        return self._account

    def _live(self, kind: Kind, found: str, inputs: Plain) -> Plain:
        """What stands there now."""
        live = kind.read(self._ready(), self._shelf, found, inputs)
        if live is None:
            raise RefusalError(_PATH, f"{kind.token} {found} is gone as soon as it was made")
        return _outputs(kind, live, inputs)

    def _changed(self, kind: Kind, old: Plain, new: Plain) -> Iterator[str]:
        properties = self._of(kind)["inputs"]
        for name in sorted(kind.taught):
            if name not in new and properties[name]["computed"]:
                continue
            default = kind.defaults.get(name)
            before, after = old.get(name, default), new.get(name, default)
            if isinstance(after, Unknown) or not kind.same(name, before, after):
                yield name

    def _expected(self, kind: Kind, inputs: Plain) -> Plain:
        """The inputs, and unknown for whatever the account decides."""
        resource = self._of(kind)
        computed = [name for name, found in resource["inputs"].items() if found["computed"]]
        return {**dict.fromkeys([*computed, *resource["outputs"]], UNKNOWN), **inputs}

    def _of(self, kind: Kind) -> Resource:
        return self._schema["resources"][kind.token]


def _outputs(kind: Kind, live: Plain, known: Plain) -> Plain:
    """What is there, a document in the words in which it was given."""
    return {
        name: known[name]
        if name in kind.documents and name in known and kind.same(name, value, known[name])
        else value
        for name, value in live.items()
        if value is not None
    }


def _change(replaces: bool, added: bool, removed: bool) -> api.PropertyDiffKind:  # noqa: FBT001 - one of six
    word = "ADD" if added else "DELETE" if removed else "UPDATE"
    return api.PropertyDiffKind[f"{word}_REPLACE" if replaces else word]


def _untaught(kind: Kind, inputs: Mapping[str, object]) -> Iterator[str]:
    path = kind.token.rpartition(":")[2]
    for name in inputs:
        if name not in kind.taught:
            accepted = ", ".join(sorted(kind.taught))
            yield f"{path}.{name}: the double was not taught it, {accepted} are accepted"
    if kind.named and kind.named not in inputs:
        yield f"{path}.{kind.named}: absent, a physical name is required"


def _unpacked(value: object) -> list:
    """A list that the SDK sends as text."""
    found = json.loads(value) if isinstance(value, str) else value
    assert isinstance(found, list)
    return found


def _failures(found: Iterable[str]) -> list[api.CheckFailure] | None:
    return [api.CheckFailure("", fault) for fault in found] or None


def _secrets(values: Mapping[str, PropertyValue]) -> set[str]:
    return {name for name, value in values.items() if value.contains_secret()}
