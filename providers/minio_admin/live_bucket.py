"""A bucket as it stands on the server: read, and made what a program says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from minio.commonconfig import ENABLED, Tags
from minio.error import S3Error
from minio.sseconfig import Rule, SSEConfig
from minio.versioningconfig import SUSPENDED, VersioningConfig

from providers.minio_admin import lifecycle
from providers.minio_admin.errors import ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree import ElementTree as ET

    from providers.minio_admin.client import Server
    from providers.minio_admin.values import Plain

OWNER: Final = "argo-artifacts/owner"
"""Tag with ``<project>/<stack>`` on every bucket of ours."""

ADOPTED: Final = "argo-artifacts/adopted"
"""Tag on a bucket that was there before us: no stack ever deletes it."""

_KMS_ARN: Final = "arn:aws:kms:"


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands on the server."""

    quota: int = 0
    versioning: str = "Off"
    encryption: Plain | None = None
    rules: list[ET.Element] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The mark, empty for none."""
        return self.tags.get(OWNER, "")

    @property
    def adopted(self) -> bool:
        """Whether the bucket was there before its owner."""
        return ADOPTED in self.tags

    def lifecycle(self, *, adopt: bool) -> list[Plain]:
        """The rules that are our concern: of a bucket that we made, all."""
        return lifecycle.describe(lifecycle.ours(self.rules) if adopt else self.rules)


def ask(server: Server, name: str) -> Facts | None:
    """Ask for everything about a bucket; None if there is no such bucket."""
    quota = server.quota(name)
    if quota is None:
        return None
    with server.asking(f"bucket {name}"):
        store = server.store
        encryption = store.get_bucket_encryption(name)
        return Facts(
            quota=quota,
            versioning=store.get_bucket_versioning(name).status or "Off",
            encryption=None if encryption is None else _encryption(encryption),
            rules=lifecycle.parse(store.lifecycle_get(name)),
            tags=dict(store.get_bucket_tags(name) or {}),
        )
    return None


def _encryption(config: SSEConfig) -> Plain:
    key = config.rule.kms_master_key_id
    return {"kmsKeyId": key.removeprefix(_KMS_ARN)} if key else {}


def managed(facts: Facts, inputs: Plain) -> Plain:
    """The settings that the last run gave, as they stand; all that are set for an import."""
    live: Plain = {}
    if facts.versioning != "Off" or "versioning" in inputs:
        live["versioning"] = facts.versioning == ENABLED
    if facts.quota:
        live["quotaBytes"] = facts.quota
    if facts.encryption is not None:
        live["encryption"] = facts.encryption
    return {key: value for key, value in live.items() if not inputs or key in inputs}


def apply(server: Server, facts: Facts, old: Plain, new: Plain) -> Plain:
    """Make the bucket what *new* says; return the outputs.

    The mark comes first: what is half made must be known as ours.
    """
    name = str(new["bucket"])
    store = server.store
    with server.asking(f"bucket {name}"):
        tags = {**facts.tags, OWNER: server.settings.owner}
        if new["ownership"] == "adopt":
            tags[ADOPTED] = server.settings.owner
        if tags != facts.tags:
            store.set_bucket_tags(name, _tags(tags))
        wanted = new.get("versioning")
        if wanted is True and facts.versioning != ENABLED:
            store.set_bucket_versioning(name, VersioningConfig(ENABLED))
        elif wanted is False and facts.versioning == ENABLED:
            store.set_bucket_versioning(name, VersioningConfig(SUSPENDED))
        if "quotaBytes" in new or "quotaBytes" in old:
            quota = cast("int", new.get("quotaBytes", 0))
            if quota != facts.quota:
                server.admin.bucket_quota_set(name, quota)
    with server.asking(f"bucket {name}"):
        _apply_encryption(server, facts, old, new)
        _apply_lifecycle(server, facts, new)
    return {**new, "owner": server.settings.owner}


def _apply_encryption(server: Server, facts: Facts, old: Plain, new: Plain) -> None:
    name = str(new["bucket"])
    wanted = cast("Plain | None", new.get("encryption"))
    if wanted is None:
        if "encryption" in old and facts.encryption is not None:
            server.store.delete_bucket_encryption(name)
        return
    if wanted == facts.encryption:
        return
    key = wanted.get("kmsKeyId")
    rule = Rule.new_sse_kms_rule(str(key)) if key else Rule.new_sse_s3_rule()
    try:
        server.store.set_bucket_encryption(name, SSEConfig(rule))
    except S3Error as error:
        if error.code != "NotImplemented":
            raise
        raise ProviderError(
            server.path_of(f"bucket {name} encryption"),
            "the server has no KMS, one is needed; "
            "configure it there (MINIO_KMS_…) or leave encryption out",
        ) from None


def _apply_lifecycle(server: Server, facts: Facts, new: Plain) -> None:
    name = str(new["bucket"])
    kept = lifecycle.foreign(facts.rules) if new["ownership"] == "adopt" else []
    _write_lifecycle(
        server, name, facts, [*kept, *lifecycle.render(cast("list[Plain]", new["lifecycle"]))]
    )


def _write_lifecycle(server: Server, name: str, facts: Facts, rules: list[ET.Element]) -> None:
    if lifecycle.write(rules) == lifecycle.write(facts.rules):
        return
    if rules:
        server.store.lifecycle_put(name, lifecycle.write(rules))
    else:
        server.store.delete_bucket_lifecycle(name)


def leave(server: Server, name: str, facts: Facts) -> None:
    """Take our tags and rules off a bucket that was there before us."""
    kept = {key: value for key, value in facts.tags.items() if key not in (OWNER, ADOPTED)}
    with server.asking(f"bucket {name}"):
        _write_lifecycle(server, name, facts, lifecycle.foreign(facts.rules))
        if kept:
            server.store.set_bucket_tags(name, _tags(kept))
        else:
            server.store.delete_bucket_tags(name)


def _tags(values: Mapping[str, str]) -> Tags:
    tags = Tags.new_bucket_tags()
    tags.update(values)
    return tags
