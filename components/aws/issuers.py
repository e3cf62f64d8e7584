"""Issuers: the OIDC provider of the cluster's tokens, in each account whose roles trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError
from pulumi_aws import iam

from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.aws_account import client, code, unreachable
from argo_artifacts.config.base import NAMESPACE, ConfigError
from argo_artifacts.documents.aws import trust
from components import state

if TYPE_CHECKING:
    import pulumi
    from mypy_boto3_iam.type_defs import GetOpenIDConnectProviderResponseTypeDef

    from components.aws.scope import Scope

_TYPE: Final = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


def issuers(scope: Scope) -> dict[str, list[pulumi.Resource]]:
    """The OIDC provider by account; nothing where somebody else keeps it.

    Raises:
        ConfigError: one that shall be adopted belongs to another stack, or cannot be read.
    """
    accounts = scope.plan.provider_accounts
    match scope.aws.oidc_provider:
        case "use":
            return {account: [] for account in accounts}
        case "create":
            return {account: [_create(scope, account)] for account in accounts}
        case "adopt":
            known = state.known() if accounts else frozenset[tuple[str, str]]()
            return {account: [_adopt(scope, account, known)] for account in accounts}


def _name(scope: Scope, account: str) -> str:
    return f"{account}/{trust.issuer(scope.settings)}"


def _create(scope: Scope, account: str) -> iam.OpenIdConnectProvider:
    return iam.OpenIdConnectProvider(
        _name(scope, account),
        url=f"https://{trust.issuer(scope.settings)}",
        client_id_lists=[trust.AUDIENCE],
        tags=scope.tags,
        opts=scope.guarded(account),
    )


def _adopt(
    scope: Scope, account: str, known: frozenset[tuple[str, str]]
) -> iam.OpenIdConnectProvider:
    """Take over what stands, with the audiences, thumbprints and tags of others."""
    live = _live(scope, account)
    if live is None:
        return _create(scope, account)
    options = scope.options(account)
    options.retain_on_delete = True
    name = _name(scope, account)
    if (_TYPE, name) not in known:
        options.import_ = trust.provider_arn(scope.settings, account)
    others = {tag["Key"]: tag["Value"] for tag in live.get("Tags", [])}
    return iam.OpenIdConnectProvider(
        name,
        url=f"https://{trust.issuer(scope.settings)}",
        client_id_lists=sorted({trust.AUDIENCE, *live.get("ClientIDList", [])}),
        thumbprint_lists=live.get("ThumbprintList", []),
        tags=others | scope.tags,
        opts=options,
    )


def _live(scope: Scope, account: str) -> GetOpenIDConnectProviderResponseTypeDef | None:
    """The provider as it stands; None: there is none."""
    arn = trust.provider_arn(scope.settings, account)
    try:
        found = client(scope.providers.sessions[account], "iam").get_open_id_connect_provider(
            OpenIDConnectProviderArn=arn
        )
    except ClientError as error:
        if code(error) == "NoSuchEntity":
            return None
        msg = (
            f"{NAMESPACE}:aws.oidcProvider: {unreachable(error)}, the right to read {arn} is"
            " required"
        )
        raise ConfigError([msg]) from None
    owner = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}.get(OWNER_MARK)
    if owner not in (None, scope.settings.owner):
        msg = (
            f"{NAMESPACE}:aws.oidcProvider: {arn} belongs to {owner}, none or one marked"
            f" {scope.settings.owner} is accepted; set it to use"
        )
        raise ConfigError([msg])
    return found
