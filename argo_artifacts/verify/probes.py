"""Probes: how each check is tried; what it writes goes through the ledger first."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from argo_artifacts.verify.answers import Answer
from argo_artifacts.verify.checks import SETTINGS
from argo_artifacts.verify.ledger import put_answered
from argo_artifacts.verify.places import folder
from argo_artifacts.verify.store import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from argo_artifacts.verify.checks import Expectation, Seed, Setting
    from argo_artifacts.verify.ledger import Ledger
    from argo_artifacts.verify.store import Store

BODY: Final = b"written by argo-artifacts verify; safe to delete\n"

_MINTED_LENGTH: Final = 8
"""Random bytes in a minted name: with the prefix 19 of the 20 characters that it may have."""


class Prober:
    """Tries checks with one credential."""

    def __init__(self, store: Store, ledger: Ledger, run: str) -> None:
        self._store = store
        self._ledger = ledger
        self._run = run
        self._uploads: dict[str, str] = {}
        self._stranger: Answer[object] | None = None

    def write(self, seed: Seed) -> tuple[Answer[str], Answer[bytes]]:
        """Write the object of *seed* and read it back."""
        entry = self._ledger.writing(seed.place, seed.key, seed.by)
        put = self._store.put(seed.place.bucket, seed.key, BODY)
        put_answered(entry, put)
        if not put.done:
            return put, Answer("unclear", put.text)
        return put, self._read(seed.place.bucket, seed.key)

    def probe(self, row: Expectation) -> Answer[object]:
        """Try the check of *row*."""
        if row.group == "bucket settings":
            return self._setting(row)
        if row.group == "own account" and self._stranger is not None:
            return self._stranger
        probes: Mapping[str, Callable[[Expectation], Answer[object]]] = {
            "put": self._put,
            "get": lambda r: self._read(r.place.bucket, r.key),
            "head": lambda r: self._store.head(r.place.bucket, r.key),
            "list": self._list,
            "missing key": self._missing,
            "multipart upload": self._upload,
            "abort upload": self._abort,
            "delete": self._delete,
            "list without prefix": self._list_all,
            "list uploads": lambda r: self._store.uploads(r.place.bucket),
            "server info": lambda _: self._server_info(),
            "list users": lambda _: self._store.users(),
            "own user info": lambda _: self._store.own_user_info(),
            "mint service account": self._mint,
            "change own secret": lambda _: self._store.keep_secret(),
        }
        return probes[row.check](row)

    def delete_version(self, row: Expectation, version: str) -> Answer[object]:
        """Try to delete *version* of the object for good: what versioning is to protect from."""
        return self._store.delete_version(row.place.bucket, Version(row.key, version))

    def _read(self, bucket: str, key: str) -> Answer[bytes]:
        answer = self._store.get(bucket, key)
        if answer.done and answer.value != BODY:
            return Answer("unclear", "another content than was written")
        return answer

    def _setting(self, row: Expectation) -> Answer[object]:
        names: Mapping[str, Setting] = {f"read {setting}": setting for setting in SETTINGS}
        return self._store.setting(row.place.bucket, names[row.check])

    def _put(self, row: Expectation) -> Answer[object]:
        entry = self._ledger.writing(row.place, row.key, row.holder)
        answer = self._store.put(row.place.bucket, row.key, BODY)
        put_answered(entry, answer)
        return answer

    def _delete(self, row: Expectation) -> Answer[object]:
        answer = self._store.delete(row.place.bucket, row.key)
        self._ledger.deleted(row.place, row.key, answer)
        return answer

    def _list(self, row: Expectation) -> Answer[object]:
        """List the prefix; where that is allowed, the object that was written must be found."""
        bucket, prefix = row.place.bucket, row.place.prefix
        whole = self._store.keys(bucket, prefix)
        if not whole.done or row.expected == "refused" or row.seed is None:
            return whole
        own = self._store.keys(bucket, folder(row.place, self._run, row.holder), limit=100)
        if own.done and row.seed.key not in (own.value or []):
            return Answer("unclear", "the list lacks the object that was written")
        return own

    def _missing(self, row: Expectation) -> Answer[object]:
        head = self._store.head(row.place.bucket, row.key)
        if head.kind != "absent":
            return head
        return self._store.get(row.place.bucket, row.key)

    def _list_all(self, row: Expectation) -> Answer[object]:
        """No form of listing may show the whole bucket."""
        bucket = row.place.bucket
        return _worst(
            self._store.keys(bucket, None),
            self._store.keys(bucket, ""),
            self._store.versions(bucket),
        )

    def _upload(self, row: Expectation) -> Answer[object]:
        entry = self._ledger.writing(row.place, row.key, row.holder)
        begun = self._store.begin_upload(row.place.bucket, row.key)
        entry.standing = begun.done or begun.doubtful
        entry.upload = begun.value or "unknown"
        if not begun.done or begun.value is None:
            return begun
        self._uploads[row.key] = begun.value
        return self._store.upload_part(row.place.bucket, row.key, begun.value, BODY)

    def _abort(self, row: Expectation) -> Answer[object]:
        upload = self._uploads[row.key]
        answer = self._store.abort_upload(row.place.bucket, row.key, upload)
        if answer.done:
            for entry in self._ledger.entries:
                if entry.upload == upload:
                    entry.standing = False
        return answer

    def _server_info(self) -> Answer[object]:
        """Read the server's information, and learn whether it has the admin API.

        A server without it takes the paths of later calls for objects in a bucket ``minio``, and
        might write them.
        """
        answer = self._store.server_info()
        if answer.foreign or answer.lost:
            self._stranger = answer
        return answer

    def _mint(self, row: Expectation) -> Answer[object]:
        """Mint with and without a session policy; what comes of it is deleted at once."""
        return _worst(
            self._mint_once(row, with_policy=False), self._mint_once(row, with_policy=True)
        )

    def _mint_once(self, row: Expectation, *, with_policy: bool) -> Answer[object]:
        name = f"aav{secrets.token_hex(_MINTED_LENGTH)}"
        entry = self._ledger.minting(name, row.holder, row.place)
        answer = self._store.mint(name, secrets.token_urlsafe(24), with_policy=with_policy)
        stands = answer.done or answer.doubtful
        if not stands or self._store.unmint(name).done:
            self._ledger.unminted(entry)
        return answer


def _worst(*answers: Answer[object]) -> Answer[object]:
    """Of several forms of one call, the one that says most: any that went through."""
    order = ("done", "unclear", "absent", "denied")
    return min(answers, key=lambda answer: order.index(answer.kind))
