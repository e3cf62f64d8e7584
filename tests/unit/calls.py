"""Calls that a credential may make, and calls next to them that it may not."""

from __future__ import annotations

from argo_artifacts.access import plan
from argo_artifacts.documents import minio
from tests.unit.evaluator import Call
from tests.unit.stacks import MINIO, settings

GET, PUT, ABORT = "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"
DELETE, LIST = "s3:DeleteObject", "s3:ListBucket"
VERSIONS, DELETE_VERSION = "s3:ListBucketVersions", "s3:DeleteObjectVersion"
KEY = "prod/team-a/run-1/pod/out.tgz"


def on(action: str, key: str = KEY, bucket: str = "artifacts") -> Call:
    return Call(action, bucket, key=key)


def ls(prefix: str | None = "prod/team-a/run-1/", bucket: str = "artifacts") -> Call:
    return Call(LIST, bucket, prefix=prefix)


def versions(prefix: str | None = "prod/team-a/run-1/") -> Call:
    return Call(VERSIONS, "artifacts", prefix=prefix)


LISTINGS_REFUSED = [
    ls(None),
    ls(""),
    ls("prod/"),
    ls("prod/team-a"),
    ls("prod/team-ab/"),
    ls("prod/team-b/run-1/"),
    ls("other/team-a/run-1/"),
    ls(bucket="other"),
    versions("prod/team-b/run-1/"),
    versions(None),
]
"""Of a credential of team-a that may list."""


def refused_places(action: str) -> list[Call]:
    """The neighbours of an allowed call on an object."""
    return [
        on(action, key="prod/team-b/run-1/pod/out.tgz"),
        on(action, key="prod/team-ab/out.tgz"),
        on(action, key="prod/out.tgz"),
        on(action, key="team-a/out.tgz"),
        on(action, key="uploads/team-a/out.tgz"),
        on(action, bucket="other"),
    ]


SHARED = {
    "models": {"minio": MINIO | {"bucket": {"name": "models"}}, "sharedWith": ["team-a", "team-b"]},
    "default": {"minio": MINIO},
}

CASES: dict[str, tuple[dict, str, list[Call], list[Call]]] = {
    "executor only": (
        {
            "argo": {"version": "4.0.5", "server": {"access": "none"}},
            "tenants": {"team-a": {"artifactGC": False}},
        },
        "default",
        [on(GET), on(PUT), on(ABORT), ls(), versions()],
        [
            on(DELETE),
            *refused_places(GET),
            *refused_places(PUT),
            *refused_places(ABORT),
            *LISTINGS_REFUSED,
        ],
    ),
    "union of executor, collector and server": (
        {"tenants": {"team-a": {}}},
        "default",
        [on(GET), on(PUT), on(ABORT), on(DELETE), ls(), versions()],
        [
            *refused_places(GET),
            *refused_places(PUT),
            *refused_places(ABORT),
            *refused_places(DELETE),
            *LISTINGS_REFUSED,
            on(DELETE_VERSION),
            on("s3:PutObjectTagging"),
            on("s3:BypassGovernanceRetention"),
        ],
    ),
    "read only": (
        {
            "repositories": SHARED,
            "tenants": {"team-a": {"repositories": ["models"]}, "team-b": {}},
        },
        "models",
        [
            on(GET, "prod/_shared/models/v1/weights", "models"),
            ls("prod/_shared/models/v1/", "models"),
        ],
        [
            on(PUT, "prod/_shared/models/v1/weights", "models"),
            on(ABORT, "prod/_shared/models/v1/weights", "models"),
            on(DELETE, "prod/_shared/models/v1/weights", "models"),
            on(GET, "prod/_shared/other/v1/weights", "models"),
            on(GET, "prod/team-a/v1/weights", "models"),
            on(GET, "prod/_shared/models/v1/weights", "artifacts"),
            ls("prod/_shared/", "models"),
            ls(None, "models"),
            ls("prod/_shared/models/v1/", "artifacts"),
        ],
    ),
    "shared, writing": (
        {
            "argo": {"version": "4.0.5", "server": {"access": "none"}},
            "repositories": SHARED,
            "tenants": {
                "team-a": {
                    "repositories": [{"name": "models", "access": "write", "prefix": "out/v/"}]
                },
                "team-b": {"repositories": ["models"]},
            },
        },
        "models",
        [
            on(GET, "out/v/weights", "models"),
            on(PUT, "out/v/weights", "models"),
            on(ABORT, "out/v/weights", "models"),
            on(DELETE, "out/v/weights", "models"),
            ls("out/v/", "models"),
        ],
        [
            on(GET, "out/w/weights", "models"),
            on(PUT, "out/w/weights", "models"),
            on(ABORT, "out/w/weights", "models"),
            on(DELETE, "out/weights", "models"),
            on(DELETE_VERSION, "out/v/weights", "models"),
            on(GET, "out/v/weights", "artifacts"),
            ls("out/", "models"),
            ls(None, "models"),
        ],
    ),
    "retired": (
        {"tenants": {"team-a": {"retired": True}}},
        "default",
        [on(GET), on(DELETE), ls(), versions()],
        [
            on(PUT),
            on(ABORT),
            on(DELETE_VERSION),
            *refused_places(GET),
            *refused_places(DELETE),
            *LISTINGS_REFUSED,
        ],
    ),
    "uploads": (
        {
            "argo": {"version": "4.1.0", "server": {"uploads": True}},
            "tenants": {"team-a": {}},
        },
        "default",
        [
            on(GET),
            on(PUT),
            on(ABORT),
            on(DELETE),
            ls(),
            versions(),
            on(GET, "uploads/team-a/uuid/file"),
            on(PUT, "uploads/team-a/uuid/file"),
            on(ABORT, "uploads/team-a/uuid/file"),
            ls("uploads/team-a/uuid/"),
        ],
        [
            on(DELETE, "uploads/team-a/uuid/file"),
            on(DELETE_VERSION),
            on(GET, "uploads/team-b/uuid/file"),
            on(PUT, "uploads/team-b/uuid/file"),
            on(ABORT, "uploads/uuid/file"),
            on(DELETE, "prod/team-b/run-1/pod/out.tgz"),
            ls("uploads/"),
            *LISTINGS_REFUSED,
        ],
    ),
}
"""Stack, repository of team-a, calls that must be allowed, calls that must be refused."""


def document(case: str) -> dict:
    """The policy of team-a's credential."""
    changes, repository, _, _ = CASES[case]
    access = plan(settings(**changes))
    (credential,) = [
        c for c in access.credentials if (c.tenant, c.repository) == ("team-a", repository)
    ]
    return minio.policy(credential)
