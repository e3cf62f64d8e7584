"""``artifactory``: JFrog Artifactory, reached with a user's name and password."""

from __future__ import annotations

from argo_artifacts.config.base import HttpsUrl, Label, Model, SecretKey


class ArtifactorySecret(Model):
    """The Secret with user and password; Argo's driver fails without either."""

    name: Label
    """Name of the Secret in every tenant's namespace."""

    username: SecretKey = "username"
    """Key inside the Secret that holds the user's name."""

    password: SecretKey = "password"  # noqa: S105 - a key's name
    """Key inside the Secret that holds the password."""


class Artifactory(Model):
    """A repository of an Artifactory server."""

    repo_url: HttpsUrl
    """URL of the repository; the key format follows it."""

    secret: ArtifactorySecret
    """The Secret with user and password, which somebody else keeps."""
