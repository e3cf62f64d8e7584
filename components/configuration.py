"""Configuration: the one module that reads ``pulumi.Config``, structured keys and secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pulumi
from pulumi.runtime import config as runtime_config

from argo_artifacts.config import ConfigError, Settings, parse
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.config.read import KUBECONFIG, STRUCTURED

STACK_FOLDER = Path("stacks")
"""Where the files that a stack names are looked for: ``stackConfigDir`` of ``Pulumi.yaml``."""


def read_settings() -> Settings:
    """Read the settings of the running stack.

    Raises:
        ConfigError: all faults, one line each; a required secret that is not set is one of them.
    """
    given = cast(
        "dict[str, str]", {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    )
    prefix = f"{NAMESPACE}:"
    names = sorted(key.removeprefix(prefix) for key in given if key.startswith(prefix))
    encrypted = set(runtime_config.get_config_secret_keys_env())
    secrets = {
        name
        for name in names
        if prefix + name in encrypted or runtime_config.is_config_secret(prefix + name)
    }
    values = {name: _value(name, given[prefix + name]) for name in names}
    settings = parse(
        values,
        project=pulumi.get_project(),
        stack=pulumi.get_stack(),
        folder=STACK_FOLDER,
        secrets=secrets,
    )
    missing = [name for name in settings.secret_keys() if name not in secrets]
    if missing:
        raise ConfigError(
            f"{prefix}{name}: missing, a secret is required; set it with"
            f" `pulumi config set --secret {name}`"
            for name in missing
        )
    return settings


def _value(name: str, text: str) -> object:
    """The value of one key: structured keys arrive as JSON text, the others stay text."""
    if name not in STRUCTURED:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def secret(name: str) -> pulumi.Output[str]:
    """The secret configuration value *name*, encrypted wherever it goes."""
    return pulumi.Config(NAMESPACE).require_secret(name)


def kubeconfig_text() -> str | None:
    """Text of the kubeconfig, where it is a secret of the stack; only for reading live objects."""
    return pulumi.Config(NAMESPACE).get(KUBECONFIG)
