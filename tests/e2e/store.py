"""What lies in the bucket, read with the server's root user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minio import Minio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.e2e.server import RootUser


@dataclass(frozen=True, slots=True)
class Stored:
    """One object of the bucket."""

    size: int
    """Bytes."""
    etag: str
    """Digest of the content, followed by the number of parts of a multipart upload."""

    @property
    def parts(self) -> int:
        """Parts of its upload."""
        return int(self.etag.rpartition("-")[2]) if "-" in self.etag else 1


class Store:
    """One bucket."""

    def __init__(self, endpoint: str, root: RootUser, bucket: str) -> None:
        self._client = Minio(
            endpoint=endpoint, access_key=root.name, secret_key=root.password, secure=False
        )
        self._bucket = bucket

    def list(self) -> dict[str, Stored]:
        """Return every object by its key."""
        found = self._client.list_objects(self._bucket, recursive=True)
        return {one.object_name or "": Stored(one.size or 0, one.etag or "") for one in found}

    def read(self, key: str) -> bytes:
        """Return an object's content."""
        answer = self._client.get_object(self._bucket, key)
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()


def listing(objects: Mapping[str, Stored]) -> str:
    """Spell objects as lines, sorted by key."""
    return "\n".join(f"{one.size:>10}  {key}" for key, one in sorted(objects.items()))
