"""Scope: what every identity of a stack on AWS is made with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi

from argo_artifacts.documents.aws.tags import tags
from components.aws.identity_guard import IdentityGuard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from argo_artifacts.access.aws import AwsPlan
    from argo_artifacts.config.aws import Aws
    from argo_artifacts.config.settings import Settings
    from components.providers import Providers


@dataclass(slots=True, kw_only=True)
class Scope:
    """Settings, plan and providers, and the options that follow from them."""

    settings: Settings
    aws: Aws
    plan: AwsPlan
    providers: Providers
    parent: pulumi.Resource
    tags: dict[str, str] = field(init=False)
    """Of everything that takes some."""

    _guards: dict[str, IdentityGuard] = field(init=False, default_factory=dict[str, IdentityGuard])

    def __post_init__(self) -> None:
        self.tags = tags(self.settings)

    def options(
        self, account: str, depends_on: Iterable[pulumi.Resource] = ()
    ) -> pulumi.ResourceOptions:
        """Options of a resource in *account*."""
        return pulumi.ResourceOptions(
            parent=self.parent,
            provider=self.providers.aws(account),
            depends_on=list(depends_on),
        )

    def guarded(
        self, account: str, depends_on: Iterable[pulumi.Resource] = ()
    ) -> pulumi.ResourceOptions:
        """Options of a resource in *account* whose name may be taken there."""
        if account not in self._guards:
            session = self.providers.sessions[account]
            self._guards[account] = IdentityGuard(self.settings, account, session)
        options = self.options(account, depends_on)
        options.hooks = self._guards[account].hooks()
        return options

    def region(self, repository: str) -> str:
        """Region of a repository on S3.

        Raises:
            KeyError: it is not on S3.
        """
        store = self.settings.repositories[repository].s3
        if store is None:
            raise KeyError(repository)
        return store.region
