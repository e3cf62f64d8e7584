"""Tokens of service accounts, proven as AWS proves them: by the issuer's published keys."""

from __future__ import annotations

import base64
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def proven(token: str, keys: str) -> dict | None:
    """What *token* says, proven by its signature; None: it is not the issuer's.

    Args:
        token: a JSON Web Token, signed with RSA and SHA-256.
        keys: the issuer's key set, as it publishes it.
    """
    head, body, signature = token.split(".")
    kid = json.loads(_bytes(head))["kid"]
    key = next(one for one in json.loads(keys)["keys"] if one["kid"] == kid)
    numbers = (int.from_bytes(_bytes(key[name])) for name in ("e", "n"))
    public = rsa.RSAPublicNumbers(*numbers).public_key()
    signed = f"{head}.{body}".encode()
    try:
        public.verify(_bytes(signature), signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return None
    return json.loads(_bytes(body))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
