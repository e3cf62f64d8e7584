"""Argo's own field names for a repository, as literals
(``pkg/apis/workflow/v1alpha1/artifact_repository_types.go``).

Argo reads ``artifact-repositories`` leniently: a misspelt name vanishes without a word. So each
entry is held against these tables.
"""

from __future__ import annotations

from argo_artifacts.config.argo import Version

OLD = Version(2, 4, 0)

SELECTOR = {"name": (str, OLD), "key": (str, OLD), "optional": (bool, OLD)}

ENCRYPTION = {
    "enableEncryption": (bool, Version(3, 2, 0)),
    "kmsKeyId": (str, Version(3, 2, 0)),
    "kmsEncryptionContext": (str, Version(3, 2, 0)),
    "serverSideCustomerKeySecret": (SELECTOR, Version(3, 2, 0)),
}

S3 = {
    "accessKeySecret": (SELECTOR, OLD),
    "addressingStyle": (str, Version(4, 1, 0)),
    "bucket": (str, OLD),
    "caSecret": (SELECTOR, Version(3, 5, 0)),
    "createBucketIfNotPresent": ({"objectLocking": (bool, OLD)}, Version(3, 0, 0)),
    "encryptionOptions": (ENCRYPTION, Version(3, 2, 0)),
    "endpoint": (str, OLD),
    "insecure": (bool, OLD),
    "keyFormat": (str, OLD),
    "keyPrefix": (str, OLD),
    "region": (str, OLD),
    "roleARN": (str, OLD),
    "secretKeySecret": (SELECTOR, OLD),
    "sessionTokenSecret": (SELECTOR, Version(3, 6, 0)),
    "useSDKCreds": (bool, Version(2, 7, 0)),
}

REPOSITORY = {"archiveLogs": (bool, OLD), "s3": (S3, OLD)}

NEVER = {"createBucketIfNotPresent", "keyPrefix", "kmsEncryptionContext"}
"""Fields that exist and do harm."""


def faults(value: object, fields: dict = REPOSITORY, release: Version = OLD, path: str = ""):
    """What Argo of *release* would not read as it is meant."""
    assert isinstance(value, dict), path
    for name, found in value.items():
        where = f"{path}.{name}".lstrip(".")
        if name not in fields:
            yield f"{where}: unknown"
            continue
        kind, since = fields[name]
        if release < since:
            yield f"{where}: since {since}"
        if name in NEVER:
            yield f"{where}: never"
        if isinstance(kind, dict):
            yield from faults(found, kind, release, where)
        elif type(found) is not kind:
            yield f"{where}: {type(found).__name__}"
        elif found == "":
            yield f"{where}: empty"
