"""What a bucket holds: counted, or removed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from minio.deleteobjects import DeleteObject

from providers.minio_admin.errors import ProviderError, one_line, refusal

if TYPE_CHECKING:
    from minio.deleteobjects import DeleteError

    from providers.minio_admin.client import Server

_COUNTED: Final = 10_000
"""A bucket's content is counted up to here."""


def purge(server: Server, name: str) -> None:
    """Remove every version and delete marker."""
    with server.asking(f"bucket {name}"):
        everything = (
            DeleteObject(str(item.object_name), item.version_id)
            for item in server.store.list_objects(name, recursive=True, include_version=True)
        )
        kept = list(islice(server.store.remove_objects(name, everything), _COUNTED))
    if kept:
        raise ProviderError(server.path_of(f"bucket {name}"), _kept(kept))


def _kept(kept: list[DeleteError]) -> str:
    first = kept[0]
    if first.code == "AccessDenied":
        return refusal(first.code, first.message or "")
    return (
        f"{_count(len(kept), 'version')} cannot be removed ({one_line(first.message or '')}), a "
        "bucket without locked objects is deleted; wait until their retention ends"
    )


def say(server: Server, name: str) -> str:
    """Say what a bucket holds."""
    objects = older = markers = 0
    listing = server.store.list_objects(name, recursive=True, include_version=True)
    for item in islice(listing, _COUNTED):
        if item.is_delete_marker:
            markers += 1
        elif item.is_latest in (True, "true"):
            objects += 1
        else:
            older += 1
    least = "at least " if objects + older + markers == _COUNTED else ""
    held = (
        f"{_count(objects, 'object')}, {_count(older, 'older version')} and "
        f"{_count(markers, 'delete marker')}"
    )
    return (
        f"holds {least}{held}, an empty bucket is deleted; remove them, or set forceDestroy: true, "
        "run `pulumi up` and destroy again"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
