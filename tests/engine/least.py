"""A deployer with the printed rights and no other: a service account and its kubeconfig."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from lightkube.models.authentication_v1 import TokenRequestSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources import rbac_authorization_v1
from lightkube.resources.core_v1 import ServiceAccount, ServiceAccountToken

if TYPE_CHECKING:
    from pathlib import Path

    from lightkube import Client


def kubeconfig_of(name: str, role: dict, admin: Path, client: Client) -> str:
    """A kubeconfig for a service account *name* that is bound to *role* alone."""
    where = {"name": name, "namespace": "default"}
    client.create(rbac_authorization_v1.ClusterRole.from_dict({**role, "metadata": {"name": name}}))
    client.create(ServiceAccount.from_dict({"metadata": where}))
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", **where}],
    }
    client.create(rbac_authorization_v1.ClusterRoleBinding.from_dict(binding))
    request = ServiceAccountToken(
        metadata=ObjectMeta(namespace="default"), spec=TokenRequestSpec(audiences=[])
    )
    token = client.create(request, name, namespace="default").status.token
    document = yaml.safe_load(admin.read_text())
    for entry in document["users"]:
        entry["user"] = {"token": token}
    return yaml.safe_dump(document)
