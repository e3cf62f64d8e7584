"""Identities on AWS: roles, users and what binds them to service accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
from pulumi_aws import eks, iam, s3control

from argo_artifacts.access.aws import ByServiceAccounts
from argo_artifacts.access.grants import in_words
from argo_artifacts.documents import canonical
from argo_artifacts.documents.aws import identity, trust
from argo_artifacts.documents.aws.tags import tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.aws import (
        Association,
        AwsPlan,
        AwsRole,
        AwsUser,
        DataGrant,
        Location,
    )
    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.settings import Settings
    from components.aws.store import S3Store
    from components.providers import Providers

_POLICY: Final = "artifacts"
"""Name of the one inline policy of a role or user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsIdentitiesArgs:
    """Inputs of :class:`AwsIdentities`."""

    settings: Settings
    aws: Aws
    plan: AccessPlan
    identities: AwsPlan
    stores: Mapping[str, S3Store]
    """The buckets, by repository."""

    providers: Providers


class AwsIdentities(pulumi.ComponentResource):
    """Every role, user and binding of a stack on AWS.

    Its inputs are the grants in words, so that a preview says who may do what.
    """

    def __init__(
        self, name: str, args: AwsIdentitiesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        on_s3 = {n for n, r in args.settings.repositories.items() if r.s3 is not None}
        grants = in_words(g for g in args.plan.grants if g.repository in on_s3)
        super().__init__("argo-artifacts:index:AwsIdentities", name, {"grants": grants}, opts)
        self._args = args
        self._tags = tags(args.settings)
        self._issuers = {a: self._issuer(a) for a in args.identities.provider_accounts}
        self._roles = {
            role.arn: self._role(role) for role in args.identities.roles if not role.handed_over
        }
        self._associations = [
            (bound, self._associate(bound))
            for bound in args.identities.associations
            if bound.role in self._roles
        ]
        self._keys: dict[str, iam.AccessKey] = {}
        self._users = {user.name: self._user(user) for user in args.identities.users}
        self._instances = {region: self._instance(region) for region in self._instance_regions()}
        self._locations = {
            place.scope: self._location(place) for place in args.identities.locations
        }
        self._data_grants = [(grant, self._grant(grant)) for grant in args.identities.data_grants]
        self._ready = self._index()
        self.register_outputs({"roles": sorted(args.identities.by_arn)})

    def access(self, tenant: str, repository: str) -> list[pulumi.Resource]:
        """What must stand before *tenant*'s entry of *repository* is of use, the bucket aside."""
        return self._ready.get((tenant, repository), [])

    def key(self, user: str) -> iam.AccessKey:
        """The key of *user*."""
        return self._keys[user]

    def _index(self) -> dict[tuple[str, str], list[pulumi.Resource]]:
        """Everything made, by tenant and repository of the entries that need it."""
        plan = self._args.identities
        ready: dict[tuple[str, str], list[pulumi.Resource]] = {}
        bound: dict[tuple[str, str], list[pulumi.Resource]] = {}
        for association, made in self._associations:
            bound.setdefault((association.role, association.namespace), []).append(made)
        server = self._args.settings.argo.namespace
        for tenant, repository in self._args.plan.prefixes:
            found = ready.setdefault((tenant, repository), [])
            for role in plan.serving(tenant, repository):
                found += self._roles.get(role.arn, ())
                space = server if role.purpose == "server" else tenant
                found += bound.get((role.arn, space), ())
        for user in plan.users:
            ready[user.tenant, user.reach.repository] += self._users[user.name]
        for grant, made in self._data_grants:
            ready[grant.tenant, grant.repository].append(made)
        return ready

    def _options(
        self, account: str, depends_on: Sequence[pulumi.Resource] = ()
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            provider=self._args.providers.aws(account),
            depends_on=list(depends_on),
        )

    def _issuer(self, account: str) -> list[pulumi.Resource]:
        """The OIDC provider of the cluster's issuer; nothing where somebody else keeps it."""
        if self._args.aws.oidc_provider == "use":
            return []
        host = trust.issuer(self._args.settings)
        return [
            iam.OpenIdConnectProvider(
                f"{account}/{host}",
                url=f"https://{host}",
                client_id_lists=[trust.AUDIENCE],
                tags=self._tags,
                opts=self._options(account),
            )
        ]

    def _role(self, plan: AwsRole) -> list[pulumi.Resource]:
        """A role and its policies."""
        settings = self._args.settings
        trusted = isinstance(plan.trust, ByServiceAccounts)
        role = iam.Role(
            plan.name,
            name=plan.name,
            path=self._args.aws.path,
            description=f"{plan.purpose} of artifacts, {settings.owner}",
            assume_role_policy=canonical.document(trust.trust(settings, plan)),
            permissions_boundary=self._args.aws.permissions_boundary,
            max_session_duration=plan.session_seconds,
            tags=self._tags,
            opts=self._options(plan.account, self._issuers[plan.account] if trusted else ()),
        )
        found = identity.policies(settings, plan)
        if len(found) > 1:
            managed = [
                made
                for number, document in enumerate(found, start=1)
                for made in self._managed(plan, role, number, document)
            ]
            return [role, *managed]
        inline = [
            iam.RolePolicy(
                plan.name,
                name=_POLICY,
                role=role.name,
                policy=canonical.document(document),
                opts=self._options(plan.account),
            )
            for document in found
        ]
        return [role, *inline]

    def _managed(
        self, plan: AwsRole, role: iam.Role, number: int, document: Mapping[str, object]
    ) -> list[pulumi.Resource]:
        """One of several policies, where all do not fit inline."""
        name = f"{plan.name}.{number}"
        policy = iam.Policy(
            name,
            name=name,
            path=self._args.aws.path,
            policy=canonical.document(document),
            tags=self._tags,
            opts=self._options(plan.account),
        )
        attachment = iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=self._options(plan.account)
        )
        return [policy, attachment]

    def _associate(self, plan: Association) -> eks.PodIdentityAssociation:
        """What gives a service account's pods their role, once the role may do something."""
        cluster = self._args.settings.cluster.eks
        if cluster is None:
            key = "eks"
            raise KeyError(key)
        return eks.PodIdentityAssociation(
            f"{plan.namespace}/{plan.service_account}",
            cluster_name=cluster.name,
            namespace=plan.namespace,
            service_account=plan.service_account,
            role_arn=plan.role,
            region=cluster.region or self._args.aws.region,
            tags=self._tags,
            opts=self._options(
                self._args.identities.by_arn[plan.role].account, self._roles[plan.role]
            ),
        )

    def _user(self, plan: AwsUser) -> list[pulumi.Resource]:
        """A user, its one policy and its one key."""
        account = self._args.aws.account
        user = iam.User(
            plan.name,
            name=plan.name,
            path=self._args.aws.path,
            permissions_boundary=self._args.aws.permissions_boundary,
            tags=self._tags,
            opts=self._options(account),
        )
        policy = iam.UserPolicy(
            plan.name,
            name=_POLICY,
            user=user.name,
            policy=canonical.document(identity.user_policy(self._args.settings, plan)),
            opts=self._options(account),
        )
        key = iam.AccessKey(plan.name, user=user.name, opts=self._options(account))
        self._keys[plan.name] = key
        return [user, policy, key]

    def _instance_regions(self) -> list[str]:
        """Regions in which the S3 Access Grants instance is ours to make."""
        stores = (r.s3 for r in self._args.settings.repositories.values() if r.s3 is not None)
        return sorted(
            {
                s3.region
                for s3 in stores
                if s3.access_grants is not None and s3.access_grants.instance == "create"
            }
        )

    def _instance(self, region: str) -> s3control.AccessGrantsInstance:
        return s3control.AccessGrantsInstance(
            region, region=region, tags=self._tags, opts=self._options(self._args.aws.account)
        )

    def _location(self, plan: Location) -> s3control.AccessGrantsLocation:
        region = self._region(plan.repository)
        tenants = self._args.identities.by_arn[plan.role].tenants
        buckets = [r for t in tenants for r in self._args.stores[plan.repository].buckets(t)]
        instance = [self._instances[region]] if region in self._instances else []
        return s3control.AccessGrantsLocation(
            plan.scope,
            location_scope=plan.scope,
            iam_role_arn=plan.role,
            region=region,
            tags=self._tags,
            opts=self._options(
                self._args.aws.account, [*self._roles[plan.role], *instance, *buckets]
            ),
        )

    def _grant(self, plan: DataGrant) -> s3control.AccessGrant:
        return s3control.AccessGrant(
            f"{plan.tenant}/{plan.repository}/{plan.sub_prefix}",
            access_grants_location_id=self._locations[plan.scope].access_grants_location_id,
            access_grants_location_configuration=(
                s3control.AccessGrantAccessGrantsLocationConfigurationArgs(
                    s3_sub_prefix=plan.sub_prefix
                )
            ),
            permission=plan.permission,
            grantee=s3control.AccessGrantGranteeArgs(
                grantee_type="IAM", grantee_identifier=plan.grantee
            ),
            region=self._region(plan.repository),
            tags=self._tags,
            opts=self._options(self._args.aws.account, self._roles[plan.grantee]),
        )

    def _region(self, repository: str) -> str:
        store = self._args.settings.repositories[repository].s3
        if store is None:
            raise KeyError(repository)
        return store.region
