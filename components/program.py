"""The program: read, plan, provision, export. Importing it does nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import pulumi

from argo_artifacts import limits
from argo_artifacts.access import plan
from argo_artifacts.access.provisioners import provisioners
from argo_artifacts.access.servers import installed_servers
from argo_artifacts.config import ConfigError
from components.configuration import read_settings
from components.kubernetes.installation import Installation
from components.kubernetes.moves import MoveGuard
from components.kubernetes.ownership import OwnerGuard
from components.kubernetes.tenant import TenantArtifacts, TenantArtifactsArgs
from components.outputs import outputs
from components.providers import Providers
from components.provision import install, keep_fresh, provision, provision_inside

if TYPE_CHECKING:
    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config.settings import Settings


_SHOWN: Final = 32
"""Exit code by which the language host knows that the user has read the reason already; any
other one makes it add a line of its own."""


def run() -> None:
    """Provision what the running stack's configuration asks for.

    A configuration that cannot be acted on ends the program with one line for each fault.
    """
    try:
        declare()
    except ConfigError as error:
        pulumi.log.error(str(error))
        sys.exit(_SHOWN)


def declare() -> None:
    """Declare the resources and outputs of the running stack.

    Raises:
        ConfigError: the configuration cannot be acted on; nothing was declared.
    """
    settings = read_settings()
    access = plan(settings)
    if faults := limits.check(settings, access):
        raise ConfigError(faults)
    _provision(settings, access, Providers(settings, access))


def _provision(settings: Settings, access: AccessPlan, providers: Providers) -> None:
    guard = OwnerGuard(settings.owner, providers.live)
    moves = MoveGuard(providers.live)
    installation = Installation(settings.argo.namespace, settings, guard, providers)
    for server in installed_servers(settings):
        install(settings, server, guard, providers)
    for job in provisioners(settings, access):
        provision_inside(settings, access, job, guard, providers, after=installation)
    stores = provision(settings, access, providers)
    keepers = keep_fresh(settings, access, guard, providers, after=installation)
    for tenant in settings.tenants.values():
        TenantArtifacts(
            tenant.name,
            TenantArtifactsArgs(
                settings=settings,
                plan=access,
                tenant=tenant,
                stores=stores,
                keepers=keepers,
                guard=guard,
                moves=moves,
                providers=providers,
            ),
        )
    for name, value in outputs(settings, access).items():
        pulumi.export(name, value)
