"""The one template among the stack files: ``Pulumi.local.yaml``, which ``make up`` fills in.

Pulumi never sees its placeholders. Whoever reads the file without a running platform fills them
with the sample values below, and says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

STACK: Final = "local"
"""Name of the stack whose file is a template."""

SAMPLES: Final[Mapping[str, str]] = {
    "API_SERVER": "https://127.0.0.1:6443",
    "KUBECONFIG": "~/.kube/config",
    "MINIO_ENDPOINT": "127.0.0.1:9000",
}
"""A plausible value for each placeholder."""

_PLACEHOLDER: Final = re.compile(r"\$\{([A-Z_]+)\}")


def placeholders(text: str) -> tuple[str, ...]:
    """Names of the placeholders in *text* that a template may hold, sorted."""
    return tuple(sorted(set(_PLACEHOLDER.findall(text)) & set(SAMPLES)))


def filled(text: str) -> str:
    """*text* with sample values for the placeholders that a template may hold."""
    return _PLACEHOLDER.sub(lambda found: SAMPLES.get(found[1], found[0]), text)
