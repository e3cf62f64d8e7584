"""Argo's own words that stand in no stack file: what to write instead, and why.

They are what a reader of Argo's pages tries first. ``R1`` to ``R24`` number the rules that Argo
itself does not check (docs/stack-file.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ARGO: Final = "a key of Argo's that we write"
_NO_VALUE_HERE: Final = (
    "a secret has no place here, a secret configuration key of its own is accepted; set it with"
    " `pulumi config set --secret <name>`"
)
_SELECTOR: Final = (
    f"{_ARGO}, existingSecret with name, accessKey and secretKey is accepted; both keys of one"
    " Secret, or neither (R3)"
)
_IDENTITY: Final = f"{_ARGO}, identity is accepted (minio: keys only); never both (R3)"
_ENCRYPTION: Final = f"{_ARGO}, encryption of the bucket itself is accepted (R5)"
_NO_DEFAULT: Final = (
    "inputs only, one of artifactory, azure, gcs, hdfs, minio, oss, plugin, s3 is accepted; git,"
    " http and raw cannot be a default repository (R23)"
)
_KEY_FORMAT: Final = f"{_ARGO}, keyFormat of the repository is accepted; it follows the prefix"

WORDS: Final[Mapping[str, str]] = {
    "accessKey": _NO_VALUE_HERE,
    "accessKeyId": _NO_VALUE_HERE,
    "accessKeySecret": _SELECTOR,
    "accountKey": _NO_VALUE_HERE,
    "accountKeySecret": f"{_ARGO}, identity accountKey or sas is accepted (R7)",
    "addressingStyle": f"{_ARGO}, nothing is accepted; it follows from the backend (R2)",
    "artifactDrivers": f"{_ARGO}, name and image of a plugin repository are accepted (R13)",
    "artifactRepositoryRef": (
        f"{_ARGO}, repositories of a tenant are accepted; each gets its ConfigMap, and a reference"
        " to another one has no fall-back (R24)"
    ),
    "blobNameFormat": f"{_KEY_FORMAT} (R10)",
    "caSecret": f"{_ARGO}, tls.ca with a PEM file is accepted (R4)",
    "connectionTimeoutSeconds": (
        "Argo drops it from a repository without a word, nothing is accepted (R13)"
    ),
    "createBucketIfNotPresent": (
        "Argo would create on every save, ownership of the bucket is accepted; the stack makes it"
        " once (R6)"
    ),
    "enableEncryption": _ENCRYPTION,
    "encryptionOptions": _ENCRYPTION,
    "git": _NO_DEFAULT,
    "http": _NO_DEFAULT,
    "insecure": f"{_ARGO}, tls.enabled is accepted; false is what insecure: true says (R4)",
    "keyPrefix": (
        "deprecated in Argo, keyFormat is accepted; the prefix is <cluster>/<namespace>/ (R6)"
    ),
    "kmsEncryptionContext": "Argo encodes it twice, nothing is accepted (R5)",
    "lifecycleRule": (
        "Argo would overwrite every rule of the bucket on each save, lifecycle is accepted (R6)"
    ),
    "password": _NO_VALUE_HERE,
    "passwordSecret": f"{_ARGO}, secret with name, username and password is accepted (R9)",
    "pathFormat": f"{_KEY_FORMAT}, and is made absolute (R9)",
    "podMetadata": (f"{_ARGO}, identity is accepted; the labels of the pods follow from it (R20)"),
    "raw": _NO_DEFAULT,
    "roleARN": _IDENTITY,
    "sasToken": _NO_VALUE_HERE,
    "secretKey": _NO_VALUE_HERE,
    "secretKeySecret": _SELECTOR,
    "securityToken": (
        "Argo would copy it in clear into every Workflow, nothing is accepted; a token does not"
        " last (R6)"
    ),
    "serverSideCustomerKeySecret": _ENCRYPTION,
    "serviceAccountKey": _NO_VALUE_HERE,
    "serviceAccountKeySecret": (
        f"{_ARGO}, identity serviceAccountKey is accepted; Argo takes only a key of type"
        " service_account (R22)"
    ),
    "sessionTokenSecret": f"{_ARGO}, nothing is accepted; nobody would refresh it (R3)",
    "useSDKCreds": _IDENTITY,
    "usernameSecret": f"{_ARGO}, secret with name, username and password is accepted (R9)",
}
"""What to say of each, after its path."""

_KEY: Final = "the key of one artifact, keyFormat of the repository is accepted (R21)"

_IN: Final[Mapping[tuple[str, str], str]] = {
    ("argo", "config"): (
        f"{_ARGO}, controllerConfig is accepted; a key config excludes all others (R17)"
    ),
    ("azure", "key"): _KEY,
    ("existingSecret", "namespace"): (
        "a workflow reads Secrets of its own namespace only, name is accepted; the Secret stands in"
        " every tenant's namespace (R12)"
    ),
    ("gcs", "key"): _KEY,
    ("minio", "key"): _KEY,
    ("oss", "key"): _KEY,
    ("s3", "endpoint"): "AWS alone, region is accepted; another S3 server is backend minio (R2)",
    ("s3", "key"): _KEY,
}
"""Words that need saying in one place only: parent and key."""


def explanation(path: Sequence[int | str]) -> str | None:
    """What to say of the unknown key that ends *path*, if it is a word of Argo's."""
    key = str(path[-1])
    parent = re.split("[:.]", str(path[-2]))[-1] if len(path) > 1 else ""
    return _IN.get((parent, key)) or WORDS.get(key)
