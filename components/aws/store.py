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
from components.aws.adopt import BUCKET, Adoption
from components.aws.bucket import BucketArgs, ManagedBucket
from components.aws.guard import BucketGuard
from components.aws.keys import Keys
from components.aws.notices import Notices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

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
        managed = any(store.managed and store.backend == "s3" for store in plan.stores)
        self._known = state.known() if managed else frozenset[tuple[str, str]]()
        wanted = list(_wanted(settings, plan, self._known))
        self._plan = plan
        self._aws: Aws = settings.aws
        self._owner = settings.owner
        self._provider = provider
        self._live: Mapping[str, live.LiveBucket] = live.read(session, self._aws.account, wanted)
        self._tags = tags(settings)
        self._paths = {one.name: one.path for one in wanted}
        self._guard = BucketGuard(settings.owner, self._live, self._paths)
        self._keys = Keys(settings, self._aws, provider, session)
        self._refuse(settings, plan)

    def _refuse(self, settings: Settings, plan: AccessPlan) -> None:
        """Refuse to adopt what another stack owns, or to replace a statement of others."""
        faults: list[str] = []
        for store in plan.stores:
            name, s3 = store.bucket, settings.repositories[store.repository].s3
            found = self._live.get(name)
            if found is None or s3 is None or s3.bucket.ownership != "adopt":
                continue
            if found.owner not in (None, settings.owner):
                faults.append(self._guard.fault(found))
            elif found.owner is None:
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
        ours = standing is not None and standing.owner == self._owner
        adoption = Adoption(
            live=standing if ours or s3.bucket.ownership == "adopt" else None,
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
            tags=self._tags_of(s3, standing),
            rules=rules,
            live=standing,
            adoption=adoption,
            hooks=self._guard.hooks(),
            key=self._keys.of(s3),
        )
        return ManagedBucket(parent, args).made

    def _tags_of(self, s3: S3, standing: live.LiveBucket | None) -> Mapping[str, str]:
        """Our tags; on an adopted bucket beside those that it has."""
        if standing is None or s3.bucket.ownership != "adopt":
            return self._tags
        return {**standing.tags, **self._tags}

    def _prefixes(self, store: Store) -> list[str]:
        return sorted({self._plan.prefix(tenant, store.repository) for tenant in store.tenants})


def _wanted(
    settings: Settings, plan: AccessPlan, known: Collection[tuple[str, str]]
) -> Iterator[live.Wanted]:
    for store in plan.stores:
        s3 = settings.repositories[store.repository].s3
        if s3 is not None and store.managed:
            yield live.Wanted(
                name=store.bucket,
                region=s3.region,
                path=f"{NAMESPACE}:repositories.{store.repository}.s3.bucket",
                whole=s3.bucket.ownership == "adopt" or (BUCKET, store.bucket) not in known,
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
