"""The installation: its namespace where it is ours, and the controller's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import httpx
import pulumi
import yaml
from lightkube.core.exceptions import ApiError
from lightkube.resources import core_v1
from pulumi_kubernetes import core, meta

from argo_artifacts.documents import canonical
from argo_artifacts.repository import controller
from components.kubernetes.namespaces import create_namespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lightkube import Client
    from pulumi.resource_hooks import ResourceHookArgs

    from argo_artifacts.config.settings import Settings
    from components.kubernetes.ownership import OwnerGuard
    from components.providers import Providers


_NOT_FOUND: Final = 404


class Installation(pulumi.ComponentResource):
    """What one Argo Workflows installation must know of its tenants' artifacts."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        guard: OwnerGuard,
        providers: Providers,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("argo-artifacts:index:Installation", name, None, opts)
        self._settings = settings
        self._guard = guard
        self._stack_providers = providers
        namespace = create_namespace(
            settings.argo.namespace,
            settings.argo.namespace_settings,
            guard,
            parent=self,
            provider=providers.kubernetes,
        )
        match settings.argo.controller_config:
            case "own":
                self._own(namespace)
            case "patch":
                self._patch(namespace)
            case "values" | "none":
                pass
        self.register_outputs({"namespace": settings.argo.namespace})

    def _own(self, namespace: core.v1.Namespace | None) -> None:
        argo = self._settings.argo
        live = self._config_hook()
        hooks = pulumi.ResourceHookBinding(before_create=[live], before_update=[live])
        core.v1.ConfigMap(
            f"{argo.namespace}/{argo.controller_config_map}",
            metadata=self._guard.metadata(argo.controller_config_map, argo.namespace),
            data=controller.config_map_data(self._settings),
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=self._stack_providers.kubernetes,
                depends_on=[] if namespace is None else [namespace],
                hooks=pulumi.ResourceHookBinding.merge(self._guard.hooks(), hooks),
            ),
        )

    def _patch(self, namespace: core.v1.Namespace | None) -> None:
        argo = self._settings.argo
        hook = self._config_hook()
        core.v1.ConfigMapPatch(
            f"{argo.namespace}/{argo.controller_config_map}",
            metadata=meta.v1.ObjectMetaPatchArgs(
                name=argo.controller_config_map, namespace=argo.namespace
            ),
            data=controller.config_map_data(self._settings),
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=self._stack_providers.kubernetes,
                depends_on=[] if namespace is None else [namespace],
                hooks=pulumi.ResourceHookBinding(before_create=[hook], before_update=[hook]),
            ),
        )

    def _config_hook(self) -> pulumi.ResourceHook:
        guard = ControllerConfigGuard(self._settings, self._stack_providers.live)
        options = pulumi.ResourceHookOptions(on_dry_run=True)
        return pulumi.ResourceHook("controller-config", guard, options)


class ControllerConfigGuard:
    """Refuses to write into a ConfigMap that Argo would then reject as a whole.

    The Helm chart writes the single key ``config``; with a second key beside it Argo's parser
    refuses the ConfigMap (``config/controller.go``).
    """

    __name__ = "controller_config_guard"

    def __init__(self, settings: Settings, live: Client) -> None:
        self._settings = settings
        self._live = live

    def __call__(self, args: ResourceHookArgs) -> None:
        """Read the live ConfigMap and refuse, or return."""
        data = self._data()
        if "config" in data:
            self._refuse("has Helm's single key 'config', separate keys are accepted")
        if self._owned or args.old_inputs:  # in an update the live value may be our own older one
            return
        ours = controller.config_map_data(self._settings)
        taken = sorted(key for key in ours if data.get(key, ours[key]) != ours[key])
        if taken:
            self._refuse(f"has {', '.join(taken)} of its own, no such key is accepted")

    @property
    def _owned(self) -> bool:
        return self._settings.argo.controller_config == "own"

    def _refuse(self, found: str) -> None:
        values = canonical.entry(controller.helm_values(self._settings))
        inline = yaml.safe_dump(yaml.safe_load(values), default_flow_style=True, width=10_000)
        first = "" if self._owned else "set controllerConfig: values and "
        msg = f"{self._where}: {found}; {first}give the chart {inline.strip()}"
        raise pulumi.RunError(msg)

    def _data(self) -> Mapping[str, str]:
        argo = self._settings.argo
        try:
            found = self._live.get(
                core_v1.ConfigMap, argo.controller_config_map, namespace=argo.namespace
            )
        except (ApiError, httpx.HTTPError) as error:
            absent = isinstance(error, ApiError) and error.status.code == _NOT_FOUND
            if absent and self._owned:
                return {}
            msg = f"{self._where}: cannot be read ({error}), a readable ConfigMap is required"
            raise pulumi.RunError(msg) from None
        data = found.data  # pyright: ignore - an untyped dict there
        return cast("dict[str, str]", data or {})

    @property
    def _where(self) -> str:
        argo = self._settings.argo
        return f"ConfigMap {argo.namespace}/{argo.controller_config_map}"
