"""Guard of identities: what stands on AWS under a name of ours is refused, in the preview already.

AWS takes no identity over silently: its own creation fails where one stands. So what cannot be
read here is let through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import pulumi
from botocore.exceptions import BotoCoreError, ClientError

from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.aws_account import client
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.documents.aws import trust

if TYPE_CHECKING:
    from collections.abc import Iterable

    import boto3
    from mypy_boto3_iam.type_defs import TagTypeDef
    from pulumi.resource_hooks import ResourceHookArgs

    from argo_artifacts.config.settings import Settings

Inputs = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An identity that stands already."""

    what: str
    owner: str | None
    """``<project>/<stack>`` of its mark; None: it has none."""

    cure: str


class IdentityGuard:
    """Refuses, before it is created, an identity that stands already in one account."""

    def __init__(self, settings: Settings, account: str, session: boto3.Session) -> None:
        self._settings = settings
        self._account = account
        self._session = session
        self._iam = client(session, "iam")
        self._readers: Final[Mapping[str, Callable[[Inputs], Standing | None]]] = {
            "AccessGrantsInstance": self._instance,
            "OpenIdConnectProvider": self._issuer,
            "Policy": self._policy,
            "PodIdentityAssociation": self._association,
            "Role": self._role,
            "User": self._user,
        }

    @cached_property
    def _hook(self) -> pulumi.ResourceHook:
        """Registered with the engine when it is first wanted."""
        options = pulumi.ResourceHookOptions(on_dry_run=True)
        return pulumi.ResourceHook(f"identity-{self._account}", self._refuse, options)

    def hooks(self) -> pulumi.ResourceHookBinding:
        """The hooks of an identity that we create."""
        return pulumi.ResourceHookBinding(before_create=[self._hook])

    async def _refuse(self, args: ResourceHookArgs) -> None:
        """Ask beside the other hooks: there may be thousands of roles."""
        kind = args.type.rpartition(":")[2]
        fault = await asyncio.to_thread(self.fault, kind, args.new_inputs or {})
        if fault is not None:
            raise pulumi.RunError(fault)

    def fault(self, kind: str, inputs: Inputs) -> str | None:
        """Why a resource is not created; None: nothing of its name can be seen."""
        try:
            found = self._readers[kind](inputs)
        except (BotoCoreError, ClientError):
            return None
        if found is None:
            return None
        if found.owner is None:
            said = "exists without a mark"
        elif found.owner == self._settings.owner:
            said = "is marked as ours but the state does not know it"
        else:
            said = f"belongs to {found.owner}"
        return f"{found.what}: {said}, none is accepted; {found.cure}"

    def _role(self, inputs: Inputs) -> Standing:
        name = str(inputs["name"])
        found = self._iam.get_role(RoleName=name)["Role"]
        return Standing(
            what=f"IAM role {name} of account {self._account}",
            owner=_mark(found.get("Tags", ())),
            cure=f"remove its policies and `aws iam delete-role --role-name {name}`",
        )

    def _policy(self, inputs: Inputs) -> Standing:
        partition = self._settings.aws.in_partition if self._settings.aws else "aws"
        arn = f"arn:{partition}:iam::{self._account}:policy{inputs['path']}{inputs['name']}"
        found = self._iam.get_policy(PolicyArn=arn)["Policy"]
        return Standing(
            what=f"IAM policy {inputs['name']} of account {self._account}",
            owner=_mark(found.get("Tags", ())),
            cure=f"detach it and `aws iam delete-policy --policy-arn {arn}`",
        )

    def _user(self, inputs: Inputs) -> Standing:
        name = str(inputs["name"])
        found = self._iam.get_user(UserName=name)["User"]
        return Standing(
            what=f"IAM user {name} of account {self._account}",
            owner=_mark(found.get("Tags", ())),
            cure=f"remove its keys and policies and `aws iam delete-user --user-name {name}`",
        )

    def _issuer(self, inputs: Inputs) -> Standing:
        arn = trust.provider_arn(self._settings, self._account)
        found = self._iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        return Standing(
            what=f"OIDC provider {inputs['url']} of account {self._account}",
            owner=_mark(found.get("Tags", ())),
            cure=f"set {NAMESPACE}:aws.oidcProvider to adopt to take it over, or to use to leave"
            " it alone",
        )

    def _association(self, inputs: Inputs) -> Standing | None:
        cluster, space = str(inputs["clusterName"]), str(inputs["namespace"])
        account = str(inputs["serviceAccount"])
        eks = client(self._session, "eks", str(inputs["region"]))
        listed = eks.list_pod_identity_associations(
            clusterName=cluster, namespace=space, serviceAccount=account
        )["associations"]
        if not listed:
            return None
        number = listed[0].get("associationId", "")
        found = eks.describe_pod_identity_association(clusterName=cluster, associationId=number)
        return Standing(
            what=f"Pod Identity association of {space}/{account} in cluster {cluster}",
            owner=found["association"].get("tags", {}).get(OWNER_MARK),
            cure="a service account has one; remove it with `aws eks"
            f" delete-pod-identity-association --cluster-name {cluster} --association-id {number}`",
        )

    def _instance(self, inputs: Inputs) -> Standing:
        region = str(inputs["region"])
        control = client(self._session, "s3control", region)
        arn = control.get_access_grants_instance(AccountId=self._account)["AccessGrantsInstanceArn"]
        tags = control.list_tags_for_resource(AccountId=self._account, ResourceArn=arn)["Tags"]
        return Standing(
            what=f"S3 Access Grants instance of account {self._account} in {region}",
            owner={tag["Key"]: tag["Value"] for tag in tags}.get(OWNER_MARK),
            cure="a region has one; set accessGrants.instance to use",
        )


def _mark(tags: Iterable[TagTypeDef]) -> str | None:
    """The owner among IAM's *tags*."""
    return {tag["Key"]: tag["Value"] for tag in tags}.get(OWNER_MARK)
