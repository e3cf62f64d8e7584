"""The live cluster and the live store, as their admins see them."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Final, Protocol, cast

from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.resources import core_v1, rbac_authorization_v1
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.error import S3Error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lightkube.models.meta_v1 import ObjectMeta
    from minio.datatypes import Object

KINDS: Final = {
    "ServiceAccount": core_v1.ServiceAccount,
    "Secret": core_v1.Secret,
    "ConfigMap": core_v1.ConfigMap,
    "Role": rbac_authorization_v1.Role,
    "RoleBinding": rbac_authorization_v1.RoleBinding,
}
_OTHERS: Final = "somebody-else"
"""Field manager of what the tests make by hand."""


class LiveObject(Protocol):
    """What the tests read of an object; *data* and *rules* are those of the kinds that have any."""

    metadata: ObjectMeta
    data: Mapping[str, str] | None
    rules: Sequence[object]


class LiveCluster:
    """Reads objects, and makes foreign ones."""

    def __init__(self, kubeconfig: Path) -> None:
        config = KubeConfig.from_file(kubeconfig).get()
        self.client = Client(config=config, trust_env=False, field_manager=_OTHERS)

    def get(self, kind: str, place: str) -> LiveObject | None:
        """The object of a kind at ``namespace/name``; None: there is none."""
        namespace, _, name = place.rpartition("/")
        try:
            if kind == "Namespace":
                return cast("LiveObject", self.client.get(core_v1.Namespace, name))
            found = self.client.get(KINDS[kind], name, namespace=namespace)
        except ApiError as error:
            if error.status.code == 404:
                return None
            raise
        return cast("LiveObject", found)

    def stands(self, kind: str, place: str) -> bool:
        """Whether there is such an object that nobody is deleting."""
        found = self.get(kind, place)
        return found is not None and found.metadata.deletionTimestamp is None

    def identity(self, kind: str, place: str) -> tuple[str, str]:
        """What tells one object from its successor of the same name, and from its next version."""
        found = self.get(kind, place)
        assert found is not None, (kind, place)
        return found.metadata.uid, found.metadata.resourceVersion

    def annotations(self, kind: str, place: str) -> dict[str, str]:
        """The annotations of an object."""
        found = self.get(kind, place)
        assert found is not None, (kind, place)
        return dict(found.metadata.annotations or {})

    def data(self, kind: str, place: str) -> dict[str, str]:
        """What a ConfigMap or a Secret holds, decoded."""
        found = self.get(kind, place)
        assert found is not None, (kind, place)
        data = dict(found.data or {})
        if kind == "Secret":
            return {key: base64.b64decode(value).decode() for key, value in data.items()}
        return data

    def inside(self, space: str) -> set[str]:
        """``Kind name`` of everything in a namespace that Kubernetes did not put there itself."""
        return {
            f"{kind} {found.metadata.name}"
            for kind, resource in KINDS.items()
            for found in self.client.list(resource, namespace=space)
            if found.metadata.name not in {"default", "kube-root-ca.crt"}
        }

    def marked(self, owner: str) -> set[str]:
        """``Kind place`` of every object in the cluster that carries a stack's mark."""
        found = {
            f"{kind} {one.metadata.namespace}/{one.metadata.name}"
            for kind, resource in KINDS.items()
            for one in self.client.list(resource, namespace="*")
            if (one.metadata.annotations or {}).get("argo-artifacts/owner") == owner
        }
        return found | {
            f"Namespace {one.metadata.name}"
            for one in self.client.list(core_v1.Namespace)
            if (one.metadata.annotations or {}).get("argo-artifacts/owner") == owner
            and one.metadata.deletionTimestamp is None
        }

    def make(
        self, kind: str, place: str, metadata: Mapping[str, object] | None = None, **fields: object
    ) -> None:
        """Make an object as somebody else would; metadata beyond the name go in *metadata*."""
        namespace, _, name = place.rpartition("/")
        meta = {"name": name, "namespace": namespace or None, **(metadata or {})}
        resource = core_v1.Namespace if kind == "Namespace" else KINDS[kind]
        if kind == "RoleBinding":
            fields.setdefault(
                "roleRef", {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"}
            )
        self.client.create(resource.from_dict({"metadata": meta, **fields}))

    def remove(self, kind: str, place: str) -> None:
        """Remove an object behind everybody's back."""
        namespace, _, name = place.rpartition("/")
        if kind == "Namespace":
            self.client.delete(core_v1.Namespace, name)
        else:
            self.client.delete(KINDS[kind], name, namespace=namespace)


class LiveStore:
    """A MinIO server: its admin's view, and the view of any other key."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str) -> None:
        self._endpoint = endpoint
        self.admin = MinioAdmin(
            endpoint=endpoint, credentials=StaticProvider(access_key, secret_key), secure=False
        )
        self.objects = self.as_user(access_key, secret_key)

    def as_user(self, access_key: str, secret_key: str) -> Minio:
        """Act with a key."""
        return Minio(
            endpoint=self._endpoint,
            access_key=access_key,
            secret_key=secret_key,
            secure=False,
            region="us-east-1",
        )

    def users(self, part: str) -> set[str]:
        """Names of the users that contain *part*."""
        found = json.loads(self.admin.user_list())
        return {name for name in found if part in name}

    def policies(self, part: str) -> set[str]:
        """Names of the policies that contain *part*."""
        found = json.loads(self.admin.policy_list())
        return {name for name in found if part in name}

    def put(self, bucket: str, key: str, text: str = "artifact") -> None:
        """Write an object as the admin."""
        self.objects.put_object(
            bucket_name=bucket, object_name=key, data=io.BytesIO(text.encode()), length=len(text)
        )

    def keys(self, bucket: str) -> set[str]:
        """Keys of all objects of a bucket."""
        found = self.objects.list_objects(bucket_name=bucket, recursive=True)
        return {one.object_name for one in found}

    def versions(self, bucket: str) -> int:
        """How many versions and delete markers a bucket holds."""
        return len(list(self._all_versions(bucket)))

    def empty(self, bucket: str) -> None:
        """Remove every version of every object."""
        for one in self._all_versions(bucket):
            self.objects.remove_object(
                bucket_name=bucket, object_name=one.object_name, version_id=one.version_id
            )

    def _all_versions(self, bucket: str) -> Iterator[Object]:
        return self.objects.list_objects(bucket_name=bucket, recursive=True, include_version=True)

    def may(self, credentials: Mapping[str, str], bucket: str, prefix: str) -> bool:
        """Whether the keys that a Secret holds may list under a prefix."""
        client = self.as_user(credentials["accessKey"], credentials["secretKey"])
        try:
            list(client.list_objects(bucket_name=bucket, prefix=prefix))
        except S3Error as error:
            if error.code not in {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}:
                raise
            return False
        return True
