"""Tags: what every resource that we make on AWS carries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.access.names import OWNER_MARK

if TYPE_CHECKING:
    from argo_artifacts.config.settings import Settings


def tags(settings: Settings) -> dict[str, str]:
    """Our mark, and the tags that the file asks for."""
    return {**(settings.aws.tags if settings.aws else {}), OWNER_MARK: settings.owner}
