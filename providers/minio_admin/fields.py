"""The properties of the provider and its resources: types, defaults, the schema.

One table for each type; types are checked here, meaning in the resource's own module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from providers.minio_admin.values import Plain, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["text", "flag", "whole", "texts", "rules", "encryption"]

_ACCEPTED: Final[Mapping[Kind, str]] = {
    "text": "a text",
    "flag": "true or false",
    "whole": "a whole number",
    "texts": "a list of texts",
    "rules": "a list of rules",
    "encryption": "an object, empty or with kmsKeyId",
}

_SCHEMA: Final[Mapping[Kind, Mapping[str, object]]] = {
    "text": {"type": "string"},
    "flag": {"type": "boolean"},
    "whole": {"type": "integer"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "rules": {"type": "array", "items": {"$ref": "#/types/minio-admin:index:LifecycleRule"}},
    "encryption": {"$ref": "#/types/minio-admin:index:Encryption"},
}


@dataclass(frozen=True, slots=True)
class Field:
    """One property."""

    kind: Kind
    says: str
    """Description for the schema."""

    required: bool = False
    secret: bool = False
    default: object = None
    """Taken where the program gives nothing."""

    output: bool = False
    """Known by the server alone; no input."""

    names: bool = False
    """The physical name: another value is another object."""


Table = Mapping[str, Field]


RULE: Final[Table] = {
    "id": Field("text", "Letters, digits and . _ -; unique in the bucket.", required=True),
    "prefix": Field("text", "Of the objects; empty: the whole bucket.", default=""),
    "expireDays": Field("whole", "Days until an object expires."),
    "noncurrentExpireDays": Field("whole", "Days until an older version expires."),
    "expireDeleteMarkers": Field("flag", "Remove lone delete markers.", default=False),
}

ENCRYPTION: Final[Table] = {
    "kmsKeyId": Field("text", "Key of the server's KMS (SSE-KMS); absent: SSE-S3."),
}

CONFIG: Final[Table] = {
    "endpoint": Field("text", "host:port as this machine reaches it; absent: no server."),
    "accessKey": Field("text", "Access key of an admin.", secret=True),
    "secretKey": Field("text", "Its secret.", secret=True),
    "secure": Field("flag", "TLS.", default=True),
    "caCertificate": Field("text", "PEM of the only authority to trust."),
    "region": Field("text", "Region to sign for.", default="us-east-1"),
    "waitSeconds": Field("whole", "How long the first change waits for a server to answer."),
    "owner": Field("text", "<project>/<stack>, the mark on buckets.", required=True),
    "ownerId": Field("text", "8 hex digits in the names of users and policies.", required=True),
}

BUCKET: Final[Table] = {
    "bucket": Field("text", "Physical name.", required=True, names=True),
    "ownership": Field("text", "create or adopt.", default="create"),
    "versioning": Field("flag", "Keep older versions; absent: not managed."),
    "quotaBytes": Field("whole", "Hard quota; absent: not managed."),
    "encryption": Field("encryption", "Default encryption; absent: not managed."),
    "lifecycle": Field("rules", "Our rules."),
    "forceDestroy": Field("flag", "A destroy removes the content first.", default=False),
    "owner": Field("text", "The mark on the bucket.", output=True),
}

POLICY: Final[Table] = {
    "name": Field("text", "Physical name, with the ownerId in it.", required=True, names=True),
    "document": Field("text", "JSON.", required=True),
    "stored": Field("text", "The document as the server gave it back.", output=True),
}

USER: Final[Table] = {
    "name": Field("text", "Access key, with the ownerId in it.", required=True, names=True),
    "status": Field("text", "enabled or disabled.", default="enabled"),
    "secretKey": Field("text", "Generated; empty after an import.", secret=True, output=True),
}

ATTACHMENT: Final[Table] = {
    "user": Field("text", "Name of the user.", required=True, names=True),
    "policies": Field("texts", "Names of all its policies.", required=True),
}

CREDENTIALS: Final[Table] = {
    "username": Field("text", "Access key.", required=True, names=True),
    "secretKey": Field("text", "Generated once.", secret=True, output=True),
}


def with_defaults(table: Table, values: Plain) -> Plain:
    """Add what the program left out."""
    given = {
        name: field.default
        for name, field in table.items()
        if name not in values and field.default is not None
    }
    return {**given, **values}


def check(table: Table, path: str, values: Plain) -> Iterator[str]:
    """Find missing, unknown and wrongly typed properties.

    Args:
        table: The properties of the type.
        path: How the lines begin.
        values: The program's inputs.
    """
    inputs = {name: field for name, field in table.items() if not field.output}
    for name, field in inputs.items():
        if name not in values:
            if field.required:
                yield f"{path} {name}: missing, {_ACCEPTED[field.kind]} is required"
        elif not _fits(field.kind, values[name]):
            kind = "a secret" if field.secret else type(values[name]).__name__
            yield f"{path} {name}: {kind} found, {_ACCEPTED[field.kind]} is accepted"
    accepted = ", ".join(inputs)
    for name in values:
        if name not in inputs and not name.startswith("__"):
            yield f"{path} {name}: unknown property, {accepted} are accepted"


def schema() -> Mapping[str, object]:
    """Describe the package for `pulumi import` and `pulumi package`."""
    return {
        "name": "minio-admin",
        "description": "Buckets, policies and users of a MinIO server.",
        "license": "Apache-2.0",
        "types": {
            "minio-admin:index:LifecycleRule": {"type": "object", **_inputs(RULE, "")},
            "minio-admin:index:Encryption": {"type": "object", **_inputs(ENCRYPTION, "")},
        },
        "provider": _inputs(CONFIG, "input"),
        "resources": {
            "minio-admin:index:Bucket": _resource(BUCKET),
            "minio-admin:index:Policy": _resource(POLICY),
            "minio-admin:index:User": _resource(USER),
            "minio-admin:index:Attachment": _resource(ATTACHMENT),
            "minio-admin:index:Credentials": _resource(CREDENTIALS),
        },
    }


def _fits(kind: Kind, value: object) -> bool:
    if isinstance(value, Unknown):
        return True
    if kind in ("texts", "rules"):
        item = str if kind == "texts" else dict
        return isinstance(value, list) and all(isinstance(v, (item, Unknown)) for v in value)
    if kind == "whole":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, {"text": str, "flag": bool, "encryption": dict}[kind])


def _inputs(table: Table, word: str) -> dict[str, object]:
    """The inputs of *table*, under the schema's keys ``<word>Properties``, ``required…``."""
    fields = {name: field for name, field in table.items() if not field.output}
    properties = "inputProperties" if word else "properties"
    required = "requiredInputs" if word else "required"
    return {
        properties: {name: _property(field) for name, field in fields.items()},
        required: [name for name, field in fields.items() if field.required],
    }


def _resource(table: Table) -> dict[str, object]:
    return {
        "properties": {name: _property(field) for name, field in table.items()},
        "required": [
            name for name, field in table.items() if field.required or field.output or field.default
        ],
        **_inputs(table, "input"),
    }


def _property(field: Field) -> dict[str, object]:
    described: dict[str, object] = {**_SCHEMA[field.kind], "description": field.says}
    if field.secret:
        described["secret"] = True
    if field.names:
        described["willReplaceOnChanges"] = True
    return described
