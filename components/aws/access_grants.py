"""S3 Access Grants: the instance of a region, its locations, and a grant for each prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_aws import s3control

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pulumi

    from argo_artifacts.access.aws import DataGrant, Location
    from components.aws.scope import Scope
    from components.aws.store import S3Store


class AccessGrants:
    """All that S3 Access Grants needs of a stack."""

    made: list[tuple[DataGrant, s3control.AccessGrant]]
    """Every grant of the plan, and its resource."""

    def __init__(
        self,
        scope: Scope,
        stores: Mapping[str, S3Store],
        roles: Mapping[str, Sequence[pulumi.Resource]],
    ) -> None:
        """Declare them.

        Args:
            scope: what they are made with.
            stores: the buckets, by repository.
            roles: each role and its policies, by its ARN.
        """
        self._scope = scope
        self._stores = stores
        self._roles = roles
        self._instances = {region: self._instance(region) for region in self._regions()}
        self._locations = {place.scope: self._location(place) for place in scope.plan.locations}
        self.made = [(grant, self._grant(grant)) for grant in scope.plan.data_grants]

    def _regions(self) -> list[str]:
        """Regions in which the instance is ours to make."""
        stores = (r.s3 for r in self._scope.settings.repositories.values() if r.s3 is not None)
        return sorted({s3.region for s3 in stores if s3.makes_instance})

    def _instance(self, region: str) -> s3control.AccessGrantsInstance:
        return s3control.AccessGrantsInstance(
            region,
            region=region,
            tags=self._scope.tags,
            opts=self._scope.guarded(self._scope.aws.account),
        )

    def _location(self, plan: Location) -> s3control.AccessGrantsLocation:
        region = self._scope.region(plan.repository)
        tenants = self._scope.plan.by_arn[plan.role].tenants
        store = self._stores[plan.repository]
        buckets = dict.fromkeys(made for tenant in tenants for made in store.buckets(tenant))
        instance = [self._instances[region]] if region in self._instances else []
        return s3control.AccessGrantsLocation(
            plan.scope,
            location_scope=plan.scope,
            iam_role_arn=plan.role,
            region=region,
            tags=self._scope.tags,
            opts=self._scope.options(
                self._scope.aws.account, [*self._roles[plan.role], *instance, *buckets]
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
            region=self._scope.region(plan.repository),
            tags=self._scope.tags,
            opts=self._scope.options(self._scope.aws.account, self._roles[plan.grantee]),
        )
