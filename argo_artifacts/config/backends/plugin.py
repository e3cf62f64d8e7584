"""``plugin``: an artifact driver that runs as a sidecar (Argo 4.0)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from argo_artifacts.config.base import Label, Model


class Plugin(Model):
    """A plugin driver and its configuration."""

    name: Annotated[Label, Field(max_length=30)]
    """Part of volume names: short."""

    image: Annotated[str, Field(min_length=1)]
    """The same string in the controller's ``artifactDrivers`` and in argo-server's sidecar."""

    configuration: Annotated[str, Field(min_length=1)]
    """Text for the driver; it is copied into every Workflow, so no secret belongs there."""
