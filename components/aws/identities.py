"""Identities on AWS: roles, users and what binds them to service accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pulumi
from pulumi_aws import eks, iam

from argo_artifacts.access.aws import ByServiceAccounts
from argo_artifacts.access.grants import in_words
from argo_artifacts.documents import canonical
from argo_artifacts.documents.aws import identity, trust
from components.aws.access_grants import AccessGrants
from components.aws.issuers import issuers
from components.aws.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.aws import Association, AwsPlan, AwsRole, AwsUser
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
        self._plan = args.identities
        self._scope = Scope(
            settings=args.settings,
            aws=args.aws,
            plan=args.identities,
            providers=args.providers,
            parent=self,
        )
        self._issuers = issuers(self._scope)
        self._roles = {r.arn: self._role(r) for r in self._plan.roles if not r.handed_over}
        self._associations = [
            (bound, self._associate(bound))
            for bound in self._plan.associations
            if bound.role in self._roles
        ]
        self._keys: dict[str, iam.AccessKey] = {}
        self._users = {user.name: self._user(user) for user in self._plan.users}
        self._grants = AccessGrants(self._scope, args.stores, self._roles)
        self._ready = self._index()
        self.register_outputs({"roles": sorted(self._plan.by_arn)})

    def access(self, tenant: str, repository: str) -> list[pulumi.Resource]:
        """What must stand before *tenant*'s entry of *repository* is of use, the bucket aside."""
        return self._ready.get((tenant, repository), [])

    def key(self, user: str) -> iam.AccessKey:
        """The key of *user*."""
        return self._keys[user]

    def _index(self) -> dict[tuple[str, str], list[pulumi.Resource]]:
        """Everything made, by tenant and repository of the entries that need it."""
        ready: dict[tuple[str, str], list[pulumi.Resource]] = {}
        bound: dict[tuple[str, str], list[pulumi.Resource]] = {}
        for association, made in self._associations:
            bound.setdefault((association.role, association.namespace), []).append(made)
        server = self._args.settings.argo.namespace
        for tenant, repository in self._args.plan.prefixes:
            found = ready.setdefault((tenant, repository), [])
            for role in self._plan.serving(tenant, repository):
                found += self._roles.get(role.arn, ())
                space = server if role.purpose == "server" else tenant
                found += bound.get((role.arn, space), ())
        for user in self._plan.users:
            ready[user.tenant, user.reach.repository] += self._users[user.name]
        for grant, made in self._grants.made:
            ready[grant.tenant, grant.repository].append(made)
        return ready

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
            tags=self._scope.tags,
            opts=self._scope.guarded(plan.account, self._issuers[plan.account] if trusted else ()),
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
                opts=self._scope.options(plan.account),
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
            tags=self._scope.tags,
            opts=self._scope.guarded(plan.account),
        )
        attachment = iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=self._scope.options(plan.account)
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
            tags=self._scope.tags,
            opts=self._scope.guarded(self._plan.by_arn[plan.role].account, self._roles[plan.role]),
        )

    def _user(self, plan: AwsUser) -> list[pulumi.Resource]:
        """A user, its one policy and its one key."""
        account = self._args.aws.account
        user = iam.User(
            plan.name,
            name=plan.name,
            path=self._args.aws.path,
            permissions_boundary=self._args.aws.permissions_boundary,
            tags=self._scope.tags,
            opts=self._scope.guarded(account),
        )
        policy = iam.UserPolicy(
            plan.name,
            name=_POLICY,
            user=user.name,
            policy=canonical.document(identity.user_policy(self._args.settings, plan)),
            opts=self._scope.options(account),
        )
        key = iam.AccessKey(plan.name, user=user.name, opts=self._scope.options(account))
        self._keys[plan.name] = key
        return [user, policy, key]
