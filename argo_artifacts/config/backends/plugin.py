"""``plugin``: an artifact driver that runs as a sidecar (Argo 4.0)."""

from __future__ import annotations

from typing import Annotated

from argo_artifacts.config.base import A_LABEL, Matching, Model, Text

PluginName = Annotated[str, Matching(A_LABEL.pattern, A_LABEL.accepted, limit=30)]
"""A DNS label; short, since it is part of volume names."""


class Plugin(Model):
    """A plugin driver and its configuration."""

    name: PluginName
    """Name of the driver; part of volume names, so at most 30 characters."""

    image: Text
    """The same string in the controller's ``artifactDrivers`` and in argo-server's sidecar."""

    configuration: Text
    """Text for the driver; it is copied into every Workflow, so no secret belongs there."""
