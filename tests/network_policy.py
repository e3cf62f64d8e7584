"""Evaluates a NetworkPolicy as a network plugin does: one pod, one peer, one port.

By the API's own words (`networking.k8s.io/v1`): a policy that selects a pod for ingress closes it
but for the listed peers; within one peer both selectors must hold; a peer with a pod selector alone
means the policy's own namespace. Neither named ports nor address blocks are known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Pod:
    """A pod by what policies know of it."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace_labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def around(self) -> Mapping[str, str]:
        """The namespace's labels, with the one that the API server keeps right."""
        return {**self.namespace_labels, "kubernetes.io/metadata.name": self.namespace}


def lets_in(namespace: str, spec: Mapping, target: Pod, peer: Pod, port: int, protocol="TCP"):
    """Whether the policy *spec* in *namespace* lets *peer* reach *port* of *target*."""
    selected = target.namespace == namespace and matches(spec["podSelector"], target.labels)
    if not selected or "Ingress" not in spec["policyTypes"]:
        return True
    return any(
        any(is_peer(namespace, known, peer) for known in rule["from"])
        and any((known["protocol"], known["port"]) == (protocol, port) for known in rule["ports"])
        for rule in spec.get("ingress", [])
    )


def is_peer(namespace: str, known: Mapping, pod: Pod) -> bool:
    """Whether *pod* is the peer *known*."""
    assert set(known) <= {"podSelector", "namespaceSelector"}
    assert known
    within = (
        matches(known["namespaceSelector"], pod.around)
        if "namespaceSelector" in known
        else pod.namespace == namespace
    )
    return within and matches(known.get("podSelector", {}), pod.labels)


def matches(selector: Mapping, labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches; an empty one matches everything."""
    assert set(selector) <= {"matchLabels", "matchExpressions"}
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
