"""One tenant: namespace, service accounts, RBAC, Secrets and the ConfigMap that Argo reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes import core, rbac

from argo_artifacts.access import names
from argo_artifacts.access.grants import in_words
from argo_artifacts.access.words import Subject
from argo_artifacts.documents.kubernetes import role_annotations, rules
from argo_artifacts.repository import entries
from components.kubernetes.moves import PLACES, places
from components.kubernetes.namespaces import create_namespace
from components.kubernetes.secrets import create_secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.grants import Role
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.config.tenants import EffectiveTenant, Ownership
    from components.kubernetes.moves import MoveGuard
    from components.kubernetes.ownership import OwnerGuard
    from components.providers import Providers
    from components.store import ArtifactStore, Keeper


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantArtifactsArgs:
    """Inputs of :class:`TenantArtifacts`."""

    settings: Settings
    plan: AccessPlan
    tenant: EffectiveTenant
    stores: Mapping[str, ArtifactStore]
    """By repository."""

    keepers: Mapping[tuple[str, str], Keeper]
    """What keeps temporary credentials fresh, by tenant and repository."""

    guard: OwnerGuard
    moves: MoveGuard
    providers: Providers


class TenantArtifacts(pulumi.ComponentResource):
    """What one namespace needs to store artifacts with Argo.

    Its inputs are its grants in words, so that a preview says who may do what.
    """

    config_map_name: pulumi.Output[str] | None

    def __init__(
        self, name: str, args: TenantArtifactsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        grants = in_words(args.plan.grants_of(args.tenant.name))
        super().__init__("argo-artifacts:index:TenantArtifacts", name, {"grants": grants}, opts)
        self._args = args
        self._space = args.tenant.name
        self._namespace = create_namespace(
            self._space,
            args.tenant.namespace,
            args.guard,
            parent=self,
            provider=args.providers.kubernetes,
        )
        accounts = self._service_accounts()
        roles = self._roles()
        ready = self._secrets()
        fresh = self._kept_fresh([*roles, *ready])
        self.config_map_name = self._repositories([*accounts, *roles, *ready, *fresh])
        self.register_outputs({"namespace": self._space, "configMapName": self.config_map_name})

    def _options(
        self,
        ownership: Ownership = "create",
        depends_on: Sequence[pulumi.Resource] = (),
    ) -> pulumi.ResourceOptions:
        """Options of an object in the namespace.

        Where we delete the namespace, its contents go with it and need no call of their own.
        """
        whole = self._args.tenant.namespace.delete_namespace
        namespace = [] if self._namespace is None else [self._namespace]
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._args.providers.kubernetes,
            depends_on=[*namespace, *depends_on],
            deleted_with=self._namespace if whole and self._namespace is not None else None,
            retain_on_delete=ownership == "adopt",
            hooks=self._args.guard.hooks(ownership),
        )

    def _service_accounts(self) -> list[pulumi.Resource]:
        tenant = self._args.tenant
        if tenant.service_account_ownership == "use":
            return []
        executors = () if tenant.retired else tenant.service_accounts
        return [
            core.v1.ServiceAccount(
                f"{self._space}/{account}",
                metadata=self._args.guard.metadata(
                    account, self._space, role_annotations(self._args.plan, self._subject(account))
                ),
                opts=self._options(tenant.service_account_ownership),
            )
            for account in (*executors, self._args.settings.argo.collector_service_account)
        ]

    def _subject(self, account: str) -> Subject:
        return Subject(cluster=self._args.plan.cluster, namespace=self._space, name=account)

    def _roles(self) -> list[pulumi.Resource]:
        roles = self._args.plan.roles_of(self._space)
        return [made for role in roles for made in self._role(role)]

    def _role(self, plan: Role) -> list[pulumi.Resource]:
        role = rbac.v1.Role(
            f"{self._space}/{plan.name}",
            metadata=self._args.guard.metadata(plan.name, self._space),
            rules=[
                rbac.v1.PolicyRuleArgs(
                    api_groups=rule["apiGroups"],
                    resources=rule["resources"],
                    resource_names=rule.get("resourceNames"),
                    verbs=rule["verbs"],
                )
                for rule in rules(plan)
            ],
            opts=self._options(),
        )
        binding = rbac.v1.RoleBinding(
            f"{self._space}/{plan.name}",
            metadata=self._args.guard.metadata(plan.name, self._space),
            role_ref=rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="Role", name=plan.name
            ),
            subjects=[
                rbac.v1.SubjectArgs(
                    kind="ServiceAccount", namespace=subject.namespace, name=subject.name
                )
                for subject in plan.subjects
            ],
            opts=self._options(depends_on=[role]),
        )
        return [role, binding]

    def _secrets(self) -> list[pulumi.Resource]:
        """The Secrets of the entries, and what must stand before the entries are of use."""
        plan, stores = self._args.plan, self._args.stores
        ready: list[pulumi.Resource] = []
        for repository in plan.repositories_of(self._space):
            ready += stores[repository].access(self._space)
        for credential in plan.credentials_of(self._space):
            data = stores[credential.repository].secret_data(credential)
            if data is not None:
                kept = credential.secret.session_token is not None
                ready.append(self._secret(credential.secret.name, data, kept_by_others=kept))
            if credential.ca_secret is not None:
                ca = {entries.CA_KEY: self._certificate(credential.repository)}
                ready.append(self._secret(credential.ca_secret, ca))
        return ready

    def _kept_fresh(self, after: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """What writes temporary credentials into their Secrets."""
        found = (
            self._args.keepers.get((self._space, credential.repository))
            for credential in self._args.plan.credentials_of(self._space)
        )
        return [keep(after) for keep in found if keep is not None]

    def _certificate(self, repository: str) -> str:
        """PEM text of the CA that the repository's server is trusted by."""
        minio = self._args.settings.repositories[repository].minio
        if minio is None or minio.tls.ca is None:
            raise KeyError(repository)
        return self._args.settings.certificates[minio.tls.ca]

    def _secret(
        self, name: str, data: Mapping[str, pulumi.Input[str]], *, kept_by_others: bool = False
    ) -> core.v1.Secret:
        """A Secret; one that *kept_by_others* keep fresh is made without data and left alone."""
        options = self._options()
        if kept_by_others:
            options.ignore_changes = ["data", "stringData"]
        return create_secret(name, self._space, data, self._args.guard, options)

    def _repositories(self, ready: Sequence[pulumi.Resource]) -> pulumi.Output[str] | None:
        """The ConfigMap, last: whoever finds it finds all that it names."""
        settings, plan = self._args.settings, self._args.plan
        default = entries.default_repository(plan, self._space)
        if default is None:
            return None
        options = self._options(depends_on=ready)
        options.hooks = pulumi.ResourceHookBinding.merge(options.hooks, self._args.moves.hooks())
        annotations = {
            names.DEFAULT_ANNOTATION: default,
            PLACES: places(settings, plan, self._space),
        }
        config_map = core.v1.ConfigMap(
            f"{self._space}/{names.REPOSITORIES_CONFIG_MAP}",
            metadata=self._args.guard.metadata(
                names.REPOSITORIES_CONFIG_MAP, self._space, annotations
            ),
            data=entries.config_map_data(settings, plan, self._space),
            opts=options,
        )
        return config_map.metadata.apply(lambda metadata: metadata.name or "")
