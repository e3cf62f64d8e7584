"""The program: read, plan, provision, export. Importing it does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from argo_artifacts.access import plan
from argo_artifacts.config import ConfigError
from components.configuration import read_settings
from components.kubernetes.installation import Installation
from components.kubernetes.ownership import OwnerGuard
from components.kubernetes.tenant import TenantArtifacts, TenantArtifactsArgs
from components.outputs import outputs
from components.providers import Providers
from components.provision import provision

if TYPE_CHECKING:
    from argo_artifacts.config.settings import Settings


def run() -> None:
    """Provision what the running stack's configuration asks for.

    Raises:
        pulumi.RunError: the configuration cannot be acted on; one line for each fault.
    """
    try:
        settings = read_settings()
        providers = Providers(settings)
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from None
    _provision(settings, providers)


def _provision(settings: Settings, providers: Providers) -> None:
    access = plan(settings)
    guard = OwnerGuard(settings.owner, providers.live)
    Installation(settings.argo.namespace, settings, guard, providers)
    used = sorted(
        {c.repository for c in access.credentials} | {s.repository for s in access.stores}
    )
    stores = {name: provision(settings, access, providers, name) for name in used}
    for tenant in settings.tenants.values():
        TenantArtifacts(
            tenant.name,
            TenantArtifactsArgs(
                settings=settings,
                plan=access,
                tenant=tenant,
                stores=stores,
                guard=guard,
                providers=providers,
            ),
        )
    for name, value in outputs(settings, access).items():
        pulumi.export(name, value)
