"""Ledger: everything that a run wrote, or may have written, so that all of it is removed again."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argo_artifacts.verify.answers import Answer
    from argo_artifacts.verify.places import Holder, Place


@dataclass(slots=True)
class Written:
    """An object, or an unfinished upload, that may stand."""

    place: Place
    key: str
    by: Holder | None
    """Who wrote it; None: the provisioner."""

    upload: str = ""
    """Id of the upload; empty: an object."""

    standing: bool = True
    versions: bool = False
    """Whether the bucket keeps what is overwritten or deleted."""


@dataclass(slots=True)
class Minted:
    """A service account that was minted against expectation."""

    name: str
    by: Holder
    place: Place


class Ledger:
    """What was written; safe to use in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: list[Written] = []
        self.minted: list[Minted] = []

    def writing(self, place: Place, key: str, by: Holder | None) -> Written:
        """Note an object before it is written: a lost answer may hide a success."""
        entry = Written(place, key, by)
        with self._lock:
            self.entries.append(entry)
        return entry

    def minting(self, name: str, by: Holder, place: Place) -> Minted:
        """Note a service account before it is minted."""
        entry = Minted(name, by, place)
        with self._lock:
            self.minted.append(entry)
        return entry

    def unminted(self, entry: Minted) -> None:
        """Note that it does not exist (any more)."""
        with self._lock:
            self.minted.remove(entry)

    def deleted(self, place: Place, key: str, answer: Answer[bool]) -> None:
        """Note the answer to the deletion of an object: buckets may hold the same keys."""
        if not answer.done:
            return
        with self._lock:
            for entry in self.entries:
                if (entry.place, entry.key) == (place, key) and not entry.upload:
                    entry.standing = False
                    entry.versions = entry.versions or bool(answer.value)


def put_answered(entry: Written, answer: Answer[str]) -> None:
    """Note the answer to the writing of *entry*."""
    entry.standing = answer.done or answer.doubtful
    entry.versions = bool(answer.value)
