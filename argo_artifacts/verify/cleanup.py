"""Cleanup: removes what a run wrote, by the provisioner or by the tenants' own rights.

What stays is said in one line for each folder, with the reason.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argo_artifacts.verify.places import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from argo_artifacts.verify.ledger import Ledger, Written
    from argo_artifacts.verify.places import Holder, Place
    from argo_artifacts.verify.store import Store, Version

_THREADS: Final = 8
_PAGE: Final = 1000
_PAGES: Final = 100
"""Listings of one folder at most: an end, should the server never be done with it."""

_LOCKED: Final[Mapping[str, str]] = {
    "InvalidRequest": "locked by the bucket's retention",
    "ObjectLocked": "locked by the bucket's retention",
}
"""What MinIO and others answer to the deletion of a version that retention keeps."""

_NO_RIGHT: Final = "no right to delete, and no provisioning credential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who may remove something."""

    provisioners: Mapping[str, Store]
    """By address of the server."""

    tenants: Mapping[Holder, Store]
    deleters: Callable[[Place], Iterable[Holder]]
    """Who may delete below a place, by the plan."""


def clean(ledger: Ledger, hands: Hands) -> tuple[str, ...]:
    """Remove all that the ledger holds and return what stays, one line each."""
    for store in (*hands.provisioners.values(), *hands.tenants.values()):
        store.server.lost = ""  # one more attempt
    folders: dict[tuple[Place, str], list[Written]] = {}
    for entry in ledger.entries:
        folders.setdefault((entry.place, _folder(entry)), []).append(entry)
    with ThreadPoolExecutor(_THREADS) as pool:
        cleaning = [
            pool.submit(_clean, hands, place, folder, entries)
            for (place, folder), entries in folders.items()
        ]
        left = [line for future in cleaning for line in future.result()]
    return (*left, *_minted(ledger, hands))


def _clean(hands: Hands, place: Place, folder: str, entries: list[Written]) -> list[str]:
    """Empty one folder; with a provisioner whatever the entries say, since it sees what stands."""
    provisioner = hands.provisioners.get(place.server)
    stays = None if provisioner is None else _by_provisioner(provisioner, place, folder, entries)
    reasons = Counter(_by_tenants(hands, entries) if stays is None else stays)
    return [f"{place.bucket}:{folder}: {n} {what}" for what, n in sorted(reasons.items())]


def _folder(entry: Written) -> str:
    """The folder of the run, of which nothing is anybody else's."""
    prefix = f"{entry.place.prefix}{FOLDER}/"
    run = entry.key.removeprefix(prefix).split("/", 1)[0]
    return f"{prefix}{run}/"


def _by_provisioner(
    store: Store, place: Place, folder: str, entries: Iterable[Written]
) -> list[str] | None:
    """Remove every version below *folder*; the reason of each that stays, None: it cannot see."""
    bucket = place.bucket
    for entry in entries:
        if entry.upload and entry.standing:
            for key, upload in store.uploads(bucket, entry.key).value or []:
                if key == entry.key:
                    store.abort_upload(bucket, key, upload)
    stuck: dict[Version, str] = {}
    for _ in range(_PAGES):
        page = store.versions(bucket, folder, _PAGE)
        if not page.done or page.value is None:
            return None
        fresh = [version for version in page.value if version not in stuck]
        if not fresh:
            return [stuck[version] for version in page.value]
        for version in fresh:
            answer = store.delete_version(bucket, version)
            stuck[version] = f"versions ({_LOCKED.get(answer.said, answer.text)})"
    return ["folders (the listing has no end)"]


def _by_tenants(hands: Hands, entries: Iterable[Written]) -> Iterator[str]:
    """Remove each object by whoever may; yield the reason of each that stays."""
    for entry in entries:
        if entry.upload:
            if entry.standing:
                yield "unfinished uploads (no provisioning credential)"
            continue
        reason = _delete(hands, entry) if entry.standing else ""
        if reason:
            yield f"objects ({reason})"
        elif entry.versions:
            yield "objects with a delete marker over them (the bucket keeps versions)"


def _delete(hands: Hands, entry: Written) -> str:
    """Delete an object by its owner, or by who wrote it against expectation."""
    candidates = [*hands.deleters(entry.place), *([] if entry.by is None else [entry.by])]
    reason = _NO_RIGHT
    for holder in dict.fromkeys(candidates):
        store = hands.tenants.get(holder)
        if store is None:
            continue
        answer = store.delete(entry.place.bucket, entry.key)
        if answer.done:
            entry.standing = False
            entry.versions = entry.versions or bool(answer.value)
            return ""
        if answer.kind != "denied":
            reason = answer.text
    return reason


def _minted(ledger: Ledger, hands: Hands) -> Iterator[str]:
    for entry in list(ledger.minted):
        store = hands.tenants.get(entry.by)
        if store is not None and store.unmint(entry.name).done:
            ledger.unminted(entry)
        else:
            yield (
                f"{entry.place.server}: service account {entry.name} of {entry.by} may stand"
                " (expires within 20 minutes)"
            )
