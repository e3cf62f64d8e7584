"""Namespaces: made, taken over or left alone, and kept unless the file says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes import core

if TYPE_CHECKING:
    import pulumi_kubernetes as kubernetes

    from argo_artifacts.config.tenants import NamespaceSettings
    from components.kubernetes.ownership import OwnerGuard


def create_namespace(
    name: str,
    settings: NamespaceSettings,
    guard: OwnerGuard,
    *,
    parent: pulumi.Resource,
    provider: kubernetes.Provider,
) -> core.v1.Namespace | None:
    """The Namespace *name*; None where somebody else keeps it."""
    if settings.ownership == "use":
        return None
    return core.v1.Namespace(
        name,
        metadata=guard.metadata(name),
        opts=pulumi.ResourceOptions(
            parent=parent,
            provider=provider,
            retain_on_delete=settings.ownership == "adopt" or not settings.delete_namespace,
            hooks=guard.hooks(settings.ownership),
        ),
    )
