"""Disks of the node: what a claim of storage is bound to, where no storage system stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lightkube.resources.core_v1 import PersistentVolume
from lightkube.resources.storage_v1 import StorageClass

from tools.e2e import layout

if TYPE_CHECKING:
    from lightkube import Client

FOLDER: Final = layout.RUN / "volumes"
CLASS: Final = "node"

_SIZE: Final = "10Gi"
"""What a disk says that it holds; it lies in memory and takes what is written."""
_DEFAULT: Final = "storageclass.kubernetes.io/is-default-class"


def offer(client: Client, name: str) -> None:
    """Offer one disk, to claims that name no class too."""
    place = FOLDER / name
    place.mkdir(parents=True)
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [layout.NODE_NAME]}
    kind = {
        "metadata": {"name": CLASS, "annotations": {_DEFAULT: "true"}},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    disk = {
        "metadata": {"name": name},
        "spec": {
            "storageClassName": CLASS,
            "capacity": {"storage": _SIZE},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "local": {"path": str(place)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }
    client.create(StorageClass.from_dict(kind))
    client.create(PersistentVolume.from_dict(disk))
