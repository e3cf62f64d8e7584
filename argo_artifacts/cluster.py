"""The cluster: one way to reach it, guarded, for whoever reads live objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx
import yaml
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ConfigError as LightkubeError

from argo_artifacts.config.base import NAMESPACE, ConfigError

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig

    from argo_artifacts.config.cluster import Cluster

TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
"""Seconds to wait for the API server."""

FIELD_MANAGER: Final = "argo-artifacts"


def kubeconfig_path(cluster: Cluster) -> Path | None:
    """The kubeconfig file of *cluster*, with the home folder spelt out."""
    return None if cluster.kubeconfig is None else Path(cluster.kubeconfig).expanduser()


def access(cluster: Cluster, kubeconfig: str | None = None) -> SingleConfig:
    """Find how *cluster* is reached.

    Args:
        cluster: the stack's cluster.
        kubeconfig: text of the kubeconfig, where it is a secret of the stack.

    Raises:
        ConfigError: no readable kubeconfig, no such context, or another API server than the
            ``server`` guard allows; one line.
    """
    where = f"{NAMESPACE}:cluster"
    path = kubeconfig_path(cluster)
    try:
        if kubeconfig is not None:
            config = KubeConfig.from_dict(  # pyright: ignore[reportUnknownMemberType] - its dict
                yaml.safe_load(kubeconfig)
            )
        else:
            config = KubeConfig.from_file(str(path))
        found = config.get(context_name=cluster.context)
    except (LightkubeError, yaml.YAMLError, OSError, TypeError, KeyError, AttributeError):
        found = None
    if found is None:
        context = f" with the context {cluster.context!r}" if cluster.context else ""
        name = "the secret" if path is None else repr(str(path))
        msg = f"{where}.kubeconfig: {name} is no kubeconfig{context}, one is required"
        raise ConfigError([msg])
    server = found.cluster.server
    if cluster.server is not None and server.rstrip("/") != cluster.server.rstrip("/"):
        msg = f"{where}.server: the kubeconfig leads to {server}, {cluster.server} is accepted"
        raise ConfigError([msg])
    return found


def connect(cluster: Cluster, kubeconfig: str | None = None) -> Client:
    """Make a client of *cluster*; nothing is sent yet.

    Raises:
        ConfigError: see :func:`access`.
    """
    return Client(
        config=access(cluster, kubeconfig),
        timeout=TIMEOUT,
        field_manager=FIELD_MANAGER,
        trust_env=False,
    )
