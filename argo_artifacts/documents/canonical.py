"""Canonical text: the only place that writes documents and entries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping


def document(value: Mapping[str, object]) -> str:
    """Write a policy document so that its text changes only with its meaning."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def entry(value: Mapping[str, object]) -> str:
    """Write YAML for Argo: sorted, block style, no aliases."""
    return yaml.safe_dump(dict(value), sort_keys=True, default_flow_style=False, width=1000)
