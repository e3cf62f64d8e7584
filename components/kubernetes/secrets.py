"""Secrets, with values as the API takes them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes import core

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.kubernetes.ownership import OwnerGuard


def create_secret(
    name: str,
    namespace: str,
    data: Mapping[str, pulumi.Input[str]],
    guard: OwnerGuard,
    opts: pulumi.ResourceOptions,
) -> core.v1.Secret:
    """The Secret *name* with our mark; *data* holds its values in clear, by key.

    Where *data* is empty its data is nobody's, so that somebody else can write it.
    """
    return core.v1.Secret(
        f"{namespace}/{name}",
        metadata=guard.metadata(name, namespace),
        type="Opaque",
        data={key: pulumi.Output.from_input(value).apply(encoded) for key, value in data.items()}
        or None,
        opts=opts,
    )


def encoded(value: str) -> str:
    """A Secret's value as the API takes it, without the newline that breaks request signing."""
    return base64.b64encode(value.rstrip("\n").encode()).decode()
