"""MinIO's server in the cluster: what it is called, and who may do everything there.

It is installed by our own ``pulumi up``; nothing here writes anything.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lightkube.resources.core_v1 import Secret

if TYPE_CHECKING:
    from lightkube import Client

NAMESPACE: Final = "minio"
ENDPOINT: Final = "minio.minio.svc:9000"
_ROOT: Final = "minio-root"


@dataclass(frozen=True, slots=True)
class RootUser:
    """The server's own user."""

    name: str
    password: str


def root_user(client: Client) -> RootUser:
    """Read the credentials that ``pulumi up`` has generated."""
    data = client.get(Secret, _ROOT, namespace=NAMESPACE).data or {}
    keys = ("rootUser", "rootPassword")
    return RootUser(*(base64.b64decode(data[key]).decode() for key in keys))
