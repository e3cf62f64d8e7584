"""Secrets: reads and patches the one Secret, with the pod's own token for the API server."""

from __future__ import annotations

import base64
import os
from datetime import UTC
from typing import TYPE_CHECKING, Final, cast

import httpx
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError, LoadResourceError
from lightkube.core.exceptions import ConfigError as LightkubeError
from lightkube.resources.core_v1 import Secret
from lightkube.types import PatchType

from argo_artifacts.refresher.faults import RefreshError
from argo_artifacts.refresher.task import EXPIRES

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from argo_artifacts.refresher.sessions import Session
    from argo_artifacts.refresher.task import Place

_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
_MANAGER: Final = "argo-artifacts-refresher"
_ANSWERS: Final = {
    401: ("does not know the pod's token, a valid one is needed", "run the Job again"),
    403: ("does not let the pod in, get and patch of this Secret are needed", "run `pulumi up`"),
    404: (
        "has no such Secret, the one that the stack makes is needed",
        "run `pulumi up --refresh`",
    ),
}


class LiveSecret:
    """The Secret of *place*, as the API server has it."""

    def __init__(self, place: Place, folder: Path) -> None:
        """Prepare the connection; nothing is sent yet.

        Raises:
            RefreshError: *folder* does not hold what a pod has.
        """
        self._place = place
        self._where = f"Secret {place.namespace}/{place.name}"
        try:
            config = KubeConfig.from_service_account(folder).get()
        except (LightkubeError, KeyError, OSError):
            msg = (
                f"{folder}: no way to the API server, token, ca.crt, namespace and"
                " KUBERNETES_SERVICE_HOST are needed; run it in a pod"
            )
            raise RefreshError(msg) from None
        self._client = Client(
            config=config, timeout=_TIMEOUT, field_manager=_MANAGER, trust_env=False
        )

    def expires(self) -> str:
        """When the credentials that it holds end; empty: it holds none.

        Raises:
            RefreshError: the API server does not show it.
        """
        try:
            live = self._client.get(Secret, self._place.name, namespace=self._place.namespace)
        except (ApiError, httpx.HTTPError, LoadResourceError) as error:
            raise self._failure(error) from None
        found = live.metadata.annotations if live.metadata else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return (cast("dict[str, str] | None", found) or {}).get(EXPIRES, "")

    def write(self, session: Session) -> str:
        """Put the credentials of *session* in; return when they end.

        All three in one patch: no reader ever finds two of one session and one of another.

        Raises:
            RefreshError: the API server refuses.
        """
        place, end = self._place, iso(session.expires)
        data = {
            place.access_key: _encoded(session.access_key),
            place.secret_key: _encoded(session.secret_key),
            place.session_token: _encoded(session.token),
        }
        patch: dict[str, object] = {"metadata": {"annotations": {EXPIRES: end}}, "data": data}
        try:
            self._client.patch(  # pyright: ignore[reportUnknownMemberType]
                Secret, place.name, patch, namespace=place.namespace, patch_type=PatchType.MERGE
            )
        except (ApiError, httpx.HTTPError, LoadResourceError) as error:
            raise self._failure(error) from None
        return end

    def _failure(self, error: Exception) -> RefreshError:
        if isinstance(error, ApiError):
            code = error.status.code or 0
            otherwise = (f"answers {error.status.reason} ({code}), its Secret is needed", "")
            found, cure = _ANSWERS.get(code, otherwise)
        else:
            host = os.environ.get("KUBERNETES_SERVICE_HOST", "")
            found = f"{host} cannot be reached ({type(error).__name__}), an answer is needed"
            cure = "let pods of this namespace reach it"
        return RefreshError(
            f"{self._where}: the API server {found}" + (f"; {cure}" if cure else "")
        )


def iso(moment: datetime) -> str:
    """*moment* in UTC, to the second: ``2026-11-28T20:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _encoded(value: str) -> str:
    """A Secret's value as the API takes it, without the newline that breaks request signing."""
    return base64.b64encode(value.strip().encode()).decode()
