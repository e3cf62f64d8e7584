"""``artifactory``: JFrog Artifactory, reached with a user's name and password."""

from __future__ import annotations

from argo_artifacts.config.base import HttpsUrl, Label, Model, SecretKey


class ArtifactorySecret(Model):
    """The Secret with user and password; both are required in practice (argo.md 1.6)."""

    name: Label
    username: SecretKey = "username"
    password: SecretKey = "password"


class Artifactory(Model):
    """A repository of an Artifactory server."""

    repo_url: HttpsUrl
    secret: ArtifactorySecret
