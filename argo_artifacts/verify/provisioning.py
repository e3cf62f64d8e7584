"""Provisioning: the admin's keys, for cleaning up.

They come out of the stack's secret settings, or, of a server that the stack installs, out of the
Secret that it starts with. The only module that runs ``pulumi``. Values go from its standard
output into memory and nowhere else: never into an argument, a message or a log.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from argo_artifacts.access.names import ROOT_PASSWORD, ROOT_USER, root_secret
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.verify.lookup import ClusterError
from argo_artifacts.verify.store import Keys

if TYPE_CHECKING:
    from pathlib import Path

    from argo_artifacts.config.backends.common import ConfigKeys
    from argo_artifacts.config.backends.minio_helm import HelmServer
    from argo_artifacts.verify.lookup import Reader

_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PulumiStack:
    """Where the stack's secret settings are kept."""

    name: str
    config_file: Path
    folder: Path
    """Folder of ``Pulumi.yaml``."""


class NoSettingError(Exception):
    """A secret setting cannot be had; the reason, in one line."""


def secret_setting(stack: PulumiStack, name: str) -> str:
    """Read one secret setting.

    Raises:
        NoSettingError: no ``pulumi``, no backend, no such setting, or another passphrase.
    """
    program = shutil.which("pulumi")
    if program is None:
        msg = "pulumi is not on PATH"
        raise NoSettingError(msg)
    command = [program, "config", "get", f"{NAMESPACE}:{name}", "--stack", stack.name]
    environment = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        run = subprocess.run(  # noqa: S603 - the program that the user has, fixed arguments
            [*command, "--config-file", str(stack.config_file), "--non-interactive"],
            cwd=stack.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        run = None
    value = "" if run is None or run.returncode else run.stdout.removesuffix("\n")
    if not value:
        msg = f"`pulumi config get {name}` gives nothing"
        raise NoSettingError(msg)
    return value


def admin_keys(stack: PulumiStack, names: ConfigKeys) -> Keys:
    """Read the keys of a server's admin.

    Raises:
        NoSettingError: see :func:`secret_setting`.
    """
    return Keys(
        secret_setting(stack, names.access_key_config),
        secret_setting(stack, names.secret_key_config),
    )


def generated_keys(reader: Reader, helm: HelmServer) -> Keys:
    """Read the generated keys of the admin of a server that the stack installs.

    Raises:
        NoSettingError: the cluster does not show the Secret, or it holds no keys.
    """
    name = root_secret(helm.release)
    try:
        data = reader.secret(helm.namespace.name, name) or {}
        return Keys(data[ROOT_USER].decode(), data[ROOT_PASSWORD].decode())
    except ClusterError as error:
        raise NoSettingError(str(error)) from None
    except (KeyError, UnicodeDecodeError):
        msg = f"Secret {helm.namespace.name}/{name} holds no keys"
        raise NoSettingError(msg) from None
