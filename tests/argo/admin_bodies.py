"""Bodies of MinIO's admin calls, sealed in the cheaper of the two ways that the server opens.

minio-py derives the key of each body with Argon2id over 64 MiB, and so must the server, before it
asks whether the call is allowed. It takes PBKDF2 as well, which madmin-go uses under FIPS 140:
https://github.com/minio/madmin-go/blob/main/encrypt.go. What is called, and what is answered,
is the same.
"""

from __future__ import annotations

import hashlib
from types import FunctionType

import minio.crypto

SALT = 32
PBKDF2_AES_GCM = b"\x02"
"""The format's byte for the way of sealing; it follows the salt."""

as_minio_py = minio.crypto.encrypt


def _key(secret: bytes, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", secret, salt, 8192, 32)


_with_key = FunctionType(as_minio_py.__code__, vars(minio.crypto) | {"_generate_key": _key})


def cheaply(payload: bytes, password: str) -> bytes:
    """Seal *payload* as minio-py does, but for the key."""
    sealed = _with_key(payload, password)
    return sealed[:SALT] + PBKDF2_AES_GCM + sealed[SALT + 1 :]
