"""Buckets: marked by a tag, never replaced, kept while they hold anything."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from minio.error import S3Error
from typing_extensions import override

from providers.minio_admin import content, fields, lifecycle, live_bucket, names
from providers.minio_admin.errors import ProviderError
from providers.minio_admin.resource import Resource, State
from providers.minio_admin.values import Plain, has_unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from providers.minio_admin.client import Server, Settings
    from providers.minio_admin.resource import Change

_MOST_BYTES: Final = 2**53 - 1
"""Whole numbers above are not exact in Pulumi."""


class Bucket(Resource):
    """``minio-admin:index:Bucket``."""

    word = "bucket"
    table = fields.BUCKET
    key = "bucket"

    @override
    def settle(self, inputs: Plain) -> Plain:
        settled = {"lifecycle": [], **super().settle(inputs)}
        rules = settled["lifecycle"]
        if isinstance(rules, list) and all(isinstance(r, dict) and "id" in r for r in rules):
            settled["lifecycle"] = lifecycle.settle(rules)
        return settled

    @override
    def faults(self, settings: Settings, old: Plain, new: Plain) -> Iterator[str]:
        path = self.path(settings, new)
        name = new["bucket"]
        if isinstance(name, str) and (wrong := names.bucket(name)):
            yield f"{path} bucket: {wrong}"
        before = old.get("bucket", name)
        if before != name:
            yield (
                f"{self.path(settings, old)}: renamed to {name}, a bucket keeps its name; "
                "declare another bucket beside it and copy the objects"
            )
        yield from _ownership_faults(path, old.get("ownership"), new.get("ownership"))
        quota = new.get("quotaBytes")
        if isinstance(quota, int) and not 1 <= quota <= _MOST_BYTES:
            yield f"{path} quotaBytes: {quota} found, 1 or more is accepted"
        encryption = new.get("encryption")
        if isinstance(encryption, dict):
            yield from fields.check(fields.ENCRYPTION, f"{path} encryption", encryption)
        rules = new.get("lifecycle", [])
        if isinstance(rules, list):
            yield from lifecycle.faults(path, rules)

    @override
    def diff(self, settings: Settings, old: Plain, new: Plain) -> Mapping[str, Change]:
        changes = dict(super().diff(settings, old, new))
        if old.get("owner") != settings.owner:
            changes["owner"] = "update"
        return changes

    @override
    def same(self, name: str, old: object, new: object) -> bool:
        if name == "lifecycle" and isinstance(old, list) and isinstance(new, list):
            return not has_unknown(new) and lifecycle.settle(old) == lifecycle.settle(new)
        return old == new

    @override
    def refuse(self, server: Server, inputs: Plain) -> None:
        name = str(inputs["bucket"])
        path = self.path(server.settings, inputs)
        facts = live_bucket.ask(server, name)
        adopt = inputs["ownership"] == "adopt"
        ours = server.settings.owner
        if facts is None:
            if adopt:
                line = "does not exist, adopt takes an existing bucket; set ownership: create"
                raise ProviderError(path, line)
            return
        if facts.owner not in ("", ours):
            raise ProviderError(path, _foreign(facts.owner, ours))
        if adopt:
            return
        if facts.owner != ours:
            raise ProviderError(
                path,
                f"exists without a mark, a bucket marked {ours} or none is accepted; "
                "set ownership: adopt to take it over and keep what is in it",
            )
        if facts.adopted:
            raise ProviderError(
                path,
                f"was there before and adopted by {ours}, a bucket made by it is accepted; "
                "set ownership: adopt",
            )

    @override
    def create(self, server: Server, inputs: Plain) -> Plain:
        name = str(inputs["bucket"])
        self.refuse(server, inputs)
        facts = live_bucket.ask(server, name)
        if facts is not None:
            return live_bucket.apply(server, facts, {}, inputs)
        with server.asking(f"bucket {name}"):
            server.store.make_bucket(name)
        try:
            return live_bucket.apply(server, live_bucket.Facts(), {}, inputs)
        except ProviderError:
            # Pulumi forgets what failed to be created: leave nothing that a destroy would miss.
            with suppress(ProviderError), server.asking(f"bucket {name}"):
                server.store.remove_bucket(name)
            raise

    @override
    def read(self, server: Server, name: str, known: State) -> State | None:
        if wrong := names.bucket(name):
            raise ProviderError(server.path_of("bucket"), wrong)
        facts = live_bucket.ask(server, name)
        if facts is None:
            return None
        ours = facts.owner == server.settings.owner and not facts.adopted
        ownership = known.inputs.get("ownership", "create" if ours else "adopt")
        inputs: Plain = {
            "bucket": name,
            "ownership": ownership,
            "forceDestroy": known.inputs.get("forceDestroy", False),
            "lifecycle": facts.lifecycle(adopt=ownership == "adopt"),
            **live_bucket.managed(facts, known.inputs),
        }
        return State(inputs, {**inputs, "owner": facts.owner})

    @override
    def refuse_update(self, server: Server, old: Plain, new: Plain) -> None:
        path = self.path(server.settings, new)
        facts = live_bucket.ask(server, str(new["bucket"]))
        if facts is None:
            raise ProviderError(path, "is gone, an existing bucket is needed; run `pulumi refresh`")
        if facts.owner not in ("", server.settings.owner, old.get("owner")):
            raise ProviderError(path, _foreign(facts.owner, server.settings.owner))

    @override
    def update(self, server: Server, old: Plain, new: Plain) -> Plain:
        self.refuse_update(server, old, new)
        facts = live_bucket.ask(server, str(new["bucket"]))
        return live_bucket.apply(server, facts or live_bucket.Facts(), old, new)

    @override
    def delete(self, server: Server, state: Plain) -> None:
        name = str(state["bucket"])
        path = self.path(server.settings, state)
        facts = live_bucket.ask(server, name)
        if facts is None:
            return
        if state.get("ownership") == "adopt" or facts.adopted:
            if facts.owner in (server.settings.owner, state.get("owner")):
                live_bucket.leave(server, name, facts)
            return
        if not facts.owner or facts.owner not in (server.settings.owner, state.get("owner")):
            found = f"is marked {facts.owner}" if facts.owner else "has lost its mark"
            raise ProviderError(
                path,
                f"{found}, a bucket marked {server.settings.owner} is deleted; run "
                "`pulumi state delete` to forget it, or `pulumi up --refresh` to mark it again",
            )
        if state.get("forceDestroy"):
            content.purge(server, name)
        with server.asking(f"bucket {name}", tolerate=frozenset({"NoSuchBucket"})):
            try:
                server.store.remove_bucket(name)
            except S3Error as error:
                if error.code != "BucketNotEmpty":
                    raise
                raise ProviderError(path, content.say(server, name)) from None


def _ownership_faults(path: str, old: object, new: object) -> Iterator[str]:
    if isinstance(new, str) and new not in ("create", "adopt"):
        yield f"{path} ownership: {new!r} found, create or adopt is accepted"
    if old == "adopt" and new == "create":
        yield (
            f"{path} ownership: create found after adopt, a bucket that was there before is never "
            "deleted here; leave ownership: adopt"
        )


def _foreign(owner: str, ours: str) -> str:
    return (
        f"belongs to {owner}, a bucket of {ours} or none is accepted; choose another name, "
        f"or set ownership: use to share it, or let {owner} give it up"
    )
