"""Needs: what must stand on AWS before the identities are of use and others keep, looked for once.

Everything here is asked before anything is declared, so a preview says it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from botocore.exceptions import ClientError

from argo_artifacts.aws_account import client, code, unreachable
from argo_artifacts.config.base import NAMESPACE, ConfigError
from argo_artifacts.documents.aws import trust
from argo_artifacts.documents.aws.deployer import AGENT_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import boto3

    from argo_artifacts.access.aws import AwsPlan
    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.settings import Settings


class Needs:
    """Looks for what others keep."""

    def __init__(
        self, settings: Settings, aws: Aws, plan: AwsPlan, sessions: Mapping[str, boto3.Session]
    ) -> None:
        self._settings = settings
        self._aws = aws
        self._plan = plan
        self._sessions = sessions

    def look(self) -> None:
        """Refuse what cannot work, and warn of what may not.

        Raises:
            ConfigError: an OIDC provider or an S3 Access Grants instance is missing; one line
                each.
        """
        faults = [*self.issuers(), *self.instances()]
        if faults:
            raise ConfigError(faults)
        for warning in self.warnings():
            pulumi.log.warn(warning)

    def issuers(self) -> Iterator[str]:
        """Faults of the OIDC providers that others keep."""
        if self._aws.oidc_provider != "use":
            return
        where = f"{NAMESPACE}:aws.oidcProvider"
        for account in self._plan.provider_accounts:
            arn = trust.provider_arn(self._settings, account)
            iam = client(self._sessions[account], "iam")
            url = f"https://{trust.issuer(self._settings)}"
            try:
                found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
            except ClientError as error:
                if code(error) != "NoSuchEntity":
                    pulumi.log.warn(f"{where}: {unreachable(error)}, so {arn} was not looked for")
                    continue
                yield (
                    f"{where}: account {account} has no OIDC provider of {url}, one is required"
                    " with 'use'; set it to create, or let who keeps the account make it"
                )
                continue
            if trust.AUDIENCE not in found.get("ClientIDList", []):
                yield (
                    f"{where}: the OIDC provider of {url} in account {account} does not accept"
                    f" {trust.AUDIENCE!r}, that audience is required; `aws iam"
                    " add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn"
                    f" {arn} --client-id {trust.AUDIENCE}`"
                )

    def instances(self) -> Iterator[str]:
        """Faults of the S3 Access Grants instances that others keep."""
        ours = {
            s3.region
            for r in self._settings.repositories.values()
            if (s3 := r.s3) is not None and s3.makes_instance
        }
        for name, repository in self._settings.repositories.items():
            s3 = repository.s3
            if s3 is None or s3.identity != "accessGrants" or s3.region in ours:
                continue
            control = client(self._sessions[self._aws.account], "s3control", s3.region)
            try:
                control.get_access_grants_instance(AccountId=self._aws.account)
            except ClientError as error:
                where = f"{NAMESPACE}:repositories.{name}.s3.accessGrants.instance"
                if code(error) == "AccessGrantsInstanceNotExistsError":
                    yield (
                        f"{where}: account {self._aws.account} has no S3 Access Grants instance in"
                        f" {s3.region}, one is required with 'use'; set it to create"
                    )
                else:
                    pulumi.log.warn(f"{where}: {unreachable(error)}, so it was not looked for")

    def warnings(self) -> Iterator[str]:
        """Warnings of the add-on that hands Pod Identity's roles to pods."""
        cluster = self._settings.cluster.eks
        accounts = {self._plan.by_arn[a.role].account for a in self._plan.associations}
        if cluster is None:
            return
        for account in sorted(accounts & set(self._sessions)):
            region = cluster.region or self._aws.region
            eks = client(self._sessions[account], "eks", region)
            where = f"EKS cluster {cluster.name} in {region}"
            try:
                eks.describe_addon(clusterName=cluster.name, addonName=AGENT_NAME)
            except ClientError as error:
                if code(error) != "ResourceNotFoundException":
                    yield f"{where}: {unreachable(error)}, so {AGENT_NAME} was not looked for"
                    continue
                yield (
                    f"{where}: the add-on {AGENT_NAME} is missing, without it no pod gets its role"
                    " (EKS Auto Mode has it built in); `aws eks create-addon --cluster-name"
                    f" {cluster.name} --addon-name {AGENT_NAME} --region {region}`"
                )
