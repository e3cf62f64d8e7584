"""Kubernetes: reads the few live objects that the lookup needs, and asks for tokens."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final, TypeVar, cast

import httpx
from lightkube.core.exceptions import ApiError
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.meta_v1 import ObjectMeta, Status
from lightkube.resources.core_v1 import ConfigMap as LiveConfigMap
from lightkube.resources.core_v1 import Secret as LiveSecret
from lightkube.resources.core_v1 import ServiceAccount, ServiceAccountToken

from argo_artifacts.cluster import connect
from argo_artifacts.verify.lookup import ClusterError, ConfigMap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from argo_artifacts.config.cluster import Cluster

T = TypeVar("T")

_NOT_FOUND: Final = 404
_TOKEN_SECONDS: Final = 600
"""Life of a token; the API server's least."""


def _prepare() -> None:
    """Let lightkube set up the classes that are decoded here.

    It does so with the first object, and two threads with a first object each get in each
    other's way (``argument of type 'NoneType' is not iterable``).
    """
    for kind in (
        LiveConfigMap,
        LiveSecret,
        ServiceAccount,
        ServiceAccountToken,
        ObjectMeta,
        Status,
    ):
        kind.from_dict({})  # pyright: ignore[reportUnknownMemberType]


class LiveReader:
    """Reads from the stack's cluster."""

    def __init__(self, cluster: Cluster, kubeconfig: str | None = None) -> None:
        """Prepare the connection; nothing is sent yet.

        Raises:
            ConfigError: no kubeconfig, or another API server than the guard allows.
        """
        self._client = connect(cluster, kubeconfig)
        self._lost = ""
        _prepare()

    def config_map(self, namespace: str, name: str) -> ConfigMap | None:
        """Read a ConfigMap."""
        live = self._read(
            lambda: self._client.get(LiveConfigMap, name, namespace=namespace), "ConfigMap"
        )
        if live is None:
            return None
        annotations = live.metadata.annotations if live.metadata else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        data = live.data  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return ConfigMap(
            cast("dict[str, str] | None", annotations) or {},
            cast("dict[str, str] | None", data) or {},
        )

    def secret(self, namespace: str, name: str) -> Mapping[str, bytes] | None:
        """Read a Secret."""
        live = self._read(lambda: self._client.get(LiveSecret, name, namespace=namespace), "Secret")
        if live is None:
            return None
        data = cast("dict[str, str] | None", live.data) or {}  # pyright: ignore[reportUnknownMemberType]
        try:
            return {key: base64.b64decode(text) for key, text in data.items()}
        except binascii.Error:
            msg = "the API server's answer holds no base64"
            raise ClusterError(msg) from None

    def annotations(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Read the annotations of a ServiceAccount."""
        live = self._read(
            lambda: self._client.get(ServiceAccount, name, namespace=namespace), "ServiceAccount"
        )
        if live is None:
            return None
        found = live.metadata.annotations if live.metadata else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return cast("dict[str, str] | None", found) or {}

    def token(self, namespace: str, name: str, audience: str) -> str:
        """Ask for a token of a ServiceAccount; it lives for the shortest time that there is."""
        asked = ServiceAccountToken(
            metadata=ObjectMeta(namespace=namespace),
            spec=TokenRequestSpec(audiences=[audience], expirationSeconds=_TOKEN_SECONDS),
        )
        live = self._read(
            lambda: self._client.create(asked, name, namespace=namespace),
            f"token of ServiceAccount {namespace}/{name}",
        )
        if live is None or live.status is None:
            msg = f"ServiceAccount {namespace}/{name} is missing"
            raise ClusterError(msg)
        return cast("str", live.status.token)

    def _read(self, call: Callable[[], T], kind: str) -> T | None:
        if self._lost:  # nobody waits for the same time-out twice
            raise ClusterError(self._lost)
        try:
            return call()
        except ApiError as error:
            if error.status.code == _NOT_FOUND:
                return None
            reason = error.status.reason or "no reason"
            msg = f"the API server does not show the {kind} ({reason})"
            raise ClusterError(msg) from None
        except httpx.TimeoutException:
            self._lost = "the API server does not answer in time"
        except httpx.HTTPError:
            self._lost = "the API server cannot be reached"
        raise ClusterError(self._lost)
