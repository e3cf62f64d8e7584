"""A repository on S3: its buckets with all that hardens them, and the key of their objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from argo_artifacts.config.base import NAMESPACE, ConfigError
from argo_artifacts.documents import lifecycle
from argo_artifacts.documents.aws import bucket as documents
from argo_artifacts.documents.aws.tags import tags
from components import state
from components.aws import live
from components.aws.adopt import Adoption
from components.aws.bucket import BucketArgs, ManagedBucket
from components.aws.guard import BucketGuard
from components.aws.keys import Keys
from components.aws.notices import Notices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import boto3
    import pulumi_aws as aws

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.grants import Store
    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.backends.s3 import S3
    from argo_artifacts.config.settings import Settings
    from argo_artifacts.documents.lifecycle import LifecycleRule


class S3Account:
    """What all stores of the stack's account share: provider, live buckets, keys, guard."""

    def __init__(
        self,
        settings: Settings,
        plan: AccessPlan,
        provider: aws.Provider,
        session: boto3.Session,
    ) -> None:
        """Read the buckets that stand; nothing is declared yet.

        Raises:
            ConfigError: a bucket can never be the one of the file; one line each.
        """
        if settings.aws is None:
            key = "aws"
            raise KeyError(key)
        wanted = list(_wanted(settings, plan))
        self._plan = plan
        self._aws: Aws = settings.aws
        self._provider = provider
        self._live: Mapping[str, live.LiveBucket] = live.read(session, self._aws.account, wanted)
        self._tags = tags(settings)
        self._paths = {one.name: one.path for one in wanted}
        self._guard = BucketGuard(settings.owner, self._live, self._paths)
        self._keys = Keys(settings, self._aws, provider, session)
        adopted = sorted({one.name for one in wanted if one.adopt} & set(self._live))
        self._refuse(settings, plan, adopted)
        self._known = state.known() if adopted else frozenset[tuple[str, str]]()

    def _refuse(self, settings: Settings, plan: AccessPlan, adopted: Sequence[str]) -> None:
        """Refuse to adopt what another stack owns, or to replace a statement of others."""
        repositories = {store.bucket: store.repository for store in plan.stores}
        faults: list[str] = []
        for name in adopted:
            found = self._live[name]
            s3 = settings.repositories[repositories[name]].s3
            if found.owner not in (None, settings.owner):
                faults.append(self._guard.fault(found))
            elif found.owner is None and s3 is not None:
                ours = documents.policy(self._aws.in_partition, name, s3.minimum_tls)
                faults += [
                    f"bucket {name}: its policy has another statement {sid} than ours, none is"
                    f" accepted; list it in {self._paths[name]}.drop.statements to replace it"
                    for sid in documents.clashes(found.policy, ours, s3.bucket.drop.statements)
                ]
        if faults:
            raise ConfigError(faults)

    def declare(
        self, parent: pulumi.Resource, s3: S3, store: Store, rules: Sequence[LifecycleRule]
    ) -> list[pulumi.Resource]:
        """Declare the bucket of *store*, and say what of others' stays in it.

        Args:
            parent: the component.
            s3: the store's settings.
            store: the bucket and its tenants.
            rules: our lifecycle rules.
        """
        standing = self._live.get(store.bucket)
        adoption = Adoption(
            live=standing if s3.bucket.ownership == "adopt" else None,
            known=self._known,
            region="" if s3.region == self._aws.region else s3.region,
        )
        if standing is not None:
            told = Notices(standing, s3, self._paths[store.bucket])
            if adoption.first:
                pulumi.log.info(told.taken_over())
            for line in told.warnings(rules, self._prefixes(store)):
                pulumi.log.warn(line)
        args = BucketArgs(
            name=store.bucket,
            s3=s3,
            account=self._aws,
            provider=self._provider,
            tags={**(adoption.live.tags if adoption.live else {}), **self._tags},
            rules=rules,
            live=standing,
            adoption=adoption,
            hooks=self._guard.hooks(),
            key=self._keys.of(s3),
        )
        return ManagedBucket(parent, args).made

    def _prefixes(self, store: Store) -> list[str]:
        return sorted({self._plan.prefix(tenant, store.repository) for tenant in store.tenants})


def _wanted(settings: Settings, plan: AccessPlan) -> Iterator[live.Wanted]:
    for store in plan.stores:
        s3 = settings.repositories[store.repository].s3
        if s3 is not None and store.managed:
            yield live.Wanted(
                name=store.bucket,
                region=s3.region,
                path=f"{NAMESPACE}:repositories.{store.repository}.s3.bucket",
                adopt=s3.bucket.ownership == "adopt",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class S3StoreArgs:
    """Inputs of :class:`S3Store`."""

    settings: Settings
    plan: AccessPlan
    account: S3Account


class S3Store(pulumi.ComponentResource):
    """The buckets of one repository: one, or one for each of its tenants."""

    def __init__(
        self, name: str, args: S3StoreArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("argo-artifacts:index:S3Store", name, None, opts)
        s3 = args.settings.repositories[name].s3
        if s3 is None:
            raise KeyError(name)
        self._made: dict[str, list[pulumi.Resource]] = {}
        stores = [store for store in args.plan.stores if store.repository == name]
        for store in stores:
            made: list[pulumi.Resource] = []
            if store.managed:
                own = None if s3.isolation == "prefix" else store.tenants
                rules = lifecycle.rules(args.settings, args.plan, name, own)
                made = args.account.declare(self, s3, store, rules)
            self._made |= dict.fromkeys(store.tenants, made)
        self.bucket_names = tuple(store.bucket for store in stores)
        self.register_outputs({"bucketNames": list(self.bucket_names)})

    def buckets(self, tenant: str) -> list[pulumi.Resource]:
        """What must stand before *tenant* has a place; nothing where others keep it."""
        return self._made[tenant]
