"""From every valid file a machine makes wrong ones: each is one line with the exact path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from tests.unit.config_files import VALID, ValidFile, changed, places, renamed, without

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.config_files import Steps

TENANT: Final = (
    "artifactGC",
    "namespace",
    "namespace.deleteNamespace",
    "namespace.ownership",
    "repositories",
    "retired",
    "serviceAccountOwnership",
    "serviceAccounts",
)

OPTIONAL: Final = frozenset(
    {
        "argo-artifacts:argo.collectorServiceAccount",
        "argo-artifacts:argo.controllerConfig",
        "argo-artifacts:argo.controllerConfigMap",
        "argo-artifacts:argo.namespace",
        "argo-artifacts:argo.namespaceSettings",
        "argo-artifacts:argo.namespaceSettings.deleteNamespace",
        "argo-artifacts:argo.namespaceSettings.ownership",
        "argo-artifacts:argo.server",
        "argo-artifacts:argo.server.access",
        "argo-artifacts:argo.server.uploads",
        "argo-artifacts:aws.assumeRole",
        "argo-artifacts:aws.oidcProvider",
        "argo-artifacts:aws.path",
        "argo-artifacts:aws.permissionsBoundary",
        "argo-artifacts:aws.tags",
        "argo-artifacts:aws.tags.*",
        "argo-artifacts:aws.verifier",
        "argo-artifacts:cluster.context",
        "argo-artifacts:cluster.eks",
        "argo-artifacts:cluster.eks.account",
        "argo-artifacts:cluster.server",
        "argo-artifacts:repositories.*.archiveLogs",
        "argo-artifacts:repositories.*.keyFormat",
        "argo-artifacts:repositories.*.minio.adminEndpoint",
        "argo-artifacts:repositories.*.minio.bucket.forceDestroy",
        "argo-artifacts:repositories.*.minio.bucket.ownership",
        "argo-artifacts:repositories.*.minio.bucket.quotaBytes",
        "argo-artifacts:repositories.*.minio.existingSecret.accessKey",
        "argo-artifacts:repositories.*.minio.existingSecret.secretKey",
        "argo-artifacts:repositories.*.minio.helm",
        "argo-artifacts:repositories.*.minio.helm.allowFrom",
        "argo-artifacts:repositories.*.minio.helm.chart",
        "argo-artifacts:repositories.*.minio.helm.distributed",
        "argo-artifacts:repositories.*.minio.helm.distributed.drivesPerNode",
        "argo-artifacts:repositories.*.minio.helm.distributed.replicas",
        "argo-artifacts:repositories.*.minio.helm.image",
        "argo-artifacts:repositories.*.minio.helm.mcImage",
        "argo-artifacts:repositories.*.minio.helm.memory",
        "argo-artifacts:repositories.*.minio.helm.namespace",
        "argo-artifacts:repositories.*.minio.helm.namespace.deleteNamespace",
        "argo-artifacts:repositories.*.minio.helm.namespace.name",
        "argo-artifacts:repositories.*.minio.helm.namespace.ownership",
        "argo-artifacts:repositories.*.minio.helm.release",
        "argo-artifacts:repositories.*.minio.helm.storage",
        "argo-artifacts:repositories.*.minio.helm.storage.size",
        "argo-artifacts:repositories.*.minio.helm.storage.storageClass",
        "argo-artifacts:repositories.*.minio.helm.waitForPods",
        "argo-artifacts:repositories.*.minio.keys",
        "argo-artifacts:repositories.*.minio.keys.publish",
        "argo-artifacts:repositories.*.minio.lifecycle",
        "argo-artifacts:repositories.*.minio.lifecycle.expireDays",
        "argo-artifacts:repositories.*.minio.lifecycle.expireDeleteMarkers",
        "argo-artifacts:repositories.*.minio.lifecycle.noncurrentExpireDays",
        "argo-artifacts:repositories.*.minio.provisioner",
        "argo-artifacts:repositories.*.minio.region",
        "argo-artifacts:repositories.*.minio.server",
        "argo-artifacts:repositories.*.minio.tls",
        "argo-artifacts:repositories.*.minio.tls.ca",
        "argo-artifacts:repositories.*.minio.tls.enabled",
        "argo-artifacts:repositories.*.s3.accessGrants",
        "argo-artifacts:repositories.*.s3.accessGrants.instance",
        "argo-artifacts:repositories.*.s3.assumeRole",
        "argo-artifacts:repositories.*.s3.assumeRole.base",
        "argo-artifacts:repositories.*.s3.assumeRole.by",
        "argo-artifacts:repositories.*.s3.bucket.accountRegional",
        "argo-artifacts:repositories.*.s3.bucket.ownership",
        "argo-artifacts:repositories.*.s3.bucket.versioning",
        "argo-artifacts:repositories.*.s3.encryption",
        "argo-artifacts:repositories.*.s3.encryption.kms",
        "argo-artifacts:repositories.*.s3.encryption.kms.ownership",
        "argo-artifacts:repositories.*.s3.isolation",
        "argo-artifacts:repositories.*.s3.keys",
        "argo-artifacts:repositories.*.s3.keys.live",
        "argo-artifacts:repositories.*.s3.keys.publish",
        "argo-artifacts:repositories.*.s3.lifecycle",
        "argo-artifacts:repositories.*.s3.lifecycle.expireDays",
        "argo-artifacts:repositories.*.s3.lifecycle.noncurrentExpireDays",
        "argo-artifacts:repositories.*.s3.lifecycle.transition",
        "argo-artifacts:repositories.*.s3.minimumTLS",
        "argo-artifacts:repositories.*.sharedWith",
        "argo-artifacts:tenants.*.repositories[*].access",
        "argo-artifacts:tenantDefaults",
        *(f"argo-artifacts:tenantDefaults.{key}" for key in TENANT),
        "argo-artifacts:tenants",
        "argo-artifacts:tenants.*",
        *(f"argo-artifacts:tenants.*.{key}" for key in TENANT),
        "tenants/*.yaml:tenants.*",
        *(f"tenants/*.yaml:tenants.*.{key}" for key in TENANT),
        "tenants/*.yaml:tenants.*.repositories[*].access",
        "tenants/*.yaml:tenants.*.repositories[*].expireDays",
        "tenants/*.yaml:tenants.*.repositories[*].prefix",
    }
)
"""What may be left out without a word; ``*`` stands for a name that the user chose."""

CREDENTIALS: Final = "Pulumi.minio-credentials.yaml"
EXISTING: Final = "Pulumi.minio-existing-secret.yaml"
HELM: Final = "Pulumi.minio-helm.yaml"
HELM_TLS: Final = "Pulumi.minio-helm-tls.yaml"
EXTERNAL: Final = "Pulumi.minio-external.yaml"
IN_CLUSTER: Final = "Pulumi.minio-in-cluster.yaml"
AWS: Final = tuple(file.name for file in VALID if file.name.startswith("Pulumi.aws-"))
IRSA: Final = "Pulumi.aws-irsa.yaml"
KEYS: Final = "Pulumi.aws-access-keys.yaml"
LOCAL: Final = "Pulumi.local.yaml"
PER_TENANT: Final = "Pulumi.aws-pod-identity-per-tenant.yaml"
PODS: Final = "Pulumi.aws-pod-identity.yaml"
SESSION: Final = "Pulumi.aws-assume-role-session.yaml"
SHARED_KEY: Final = "Pulumi.minio-shared-key.yaml"
TEAM_A: Final = "tenants/team-a.yaml"
TEAM_B: Final = "tenants/team-b.yaml"

_DEFAULT: Final = "argo-artifacts:repositories.default"
_ONPREM: Final = "argo-artifacts:repositories.onprem"
_SHARED: Final = "argo-artifacts:repositories.models"

REFERENCES: Final[dict[tuple[str, str], list[str]]] = {
    # A choice is missing: said of what must hold one.
    (LOCAL, f"{_DEFAULT}.minio"): [_DEFAULT],
    (CREDENTIALS, f"{_DEFAULT}.minio"): [_DEFAULT],
    (EXISTING, f"{_ONPREM}.minio"): [_ONPREM],
    (EXTERNAL, f"{_DEFAULT}.minio"): [_DEFAULT],
    (EXTERNAL, f"{_SHARED}.minio"): [_SHARED],
    (CREDENTIALS, f"{_DEFAULT}.minio.credentials"): [f"{_DEFAULT}.minio"],
    (SHARED_KEY, f"{_DEFAULT}.minio"): [_DEFAULT],
    (SHARED_KEY, f"{_DEFAULT}.minio.sharedCredentials"): [f"{_DEFAULT}.minio"],
    (SHARED_KEY, f"{_DEFAULT}.minio.server"): [f"{_DEFAULT}.minio.sharedCredentials"],
    (EXISTING, f"{_ONPREM}.minio.existingSecret"): [f"{_ONPREM}.minio"],
    (HELM, f"{_DEFAULT}.minio"): [_DEFAULT],
    (IN_CLUSTER, f"{_DEFAULT}.minio"): [_DEFAULT],
    (HELM_TLS, f"{_DEFAULT}.minio"): [_DEFAULT],
    (HELM_TLS, f"{_DEFAULT}.minio.helm.chart.oci"): [f"{_DEFAULT}.minio.helm.chart"],
    **{(file, f"{_DEFAULT}.s3"): [_DEFAULT] for file in AWS},
    (PODS, f"{_SHARED}.s3"): [_SHARED],
    (PODS, "argo-artifacts:cluster.eks"): ["argo-artifacts:cluster.eks"] * 2,  # for each of two
    # Another key has no sense without this one.
    (SESSION, f"{_DEFAULT}.s3.assumeRole"): ["argo-artifacts:aws.refresher"],
    (SESSION, f"{_DEFAULT}.s3.assumeRole.by"): ["argo-artifacts:aws.refresher"],
    (KEYS, f"{_DEFAULT}.s3.keys.live"): [f"{_DEFAULT}.s3.keys.publish"],
    (PER_TENANT, f"{_DEFAULT}.s3.podIdentity"): [f"{_DEFAULT}.s3.isolation"],
    (PER_TENANT, f"{_DEFAULT}.s3.podIdentity.shape"): [f"{_DEFAULT}.s3.isolation"],
    **{
        (file, f"{_DEFAULT}.s3.bucket.versioning"): [
            f"{_DEFAULT}.s3.lifecycle.noncurrentExpireDays"
        ]
        for file in (IRSA, PODS)
    },
    (HELM, f"{_DEFAULT}.minio.server"): [f"{_DEFAULT}.minio.helm"],
    (HELM_TLS, f"{_DEFAULT}.minio.server"): [f"{_DEFAULT}.minio.helm"],
    (HELM, f"{_DEFAULT}.minio.adminEndpoint"): [f"{_DEFAULT}.minio.adminEndpoint"],
    (HELM_TLS, f"{_DEFAULT}.minio.adminEndpoint"): [f"{_DEFAULT}.minio.adminEndpoint"],
    (HELM, f"{_DEFAULT}.minio.tls"): [f"{_DEFAULT}.minio.helm.certificateSecret"],
    (HELM, f"{_DEFAULT}.minio.tls.enabled"): [f"{_DEFAULT}.minio.helm.certificateSecret"],
    (HELM_TLS, f"{_DEFAULT}.minio.helm"): [f"{_DEFAULT}.minio.helm.certificateSecret"],
    (HELM_TLS, f"{_DEFAULT}.minio.bucket.versioning"): [
        f"{_DEFAULT}.minio.lifecycle.noncurrentExpireDays"
    ],
    (IN_CLUSTER, f"{_DEFAULT}.minio.bucket.versioning"): [
        f"{_DEFAULT}.minio.lifecycle.noncurrentExpireDays"
    ],
    (HELM_TLS, f"{_DEFAULT}.minio.keys.live"): [f"{_DEFAULT}.minio.keys.publish"],
    (CREDENTIALS, f"{_DEFAULT}.minio.server"): [f"{_DEFAULT}.minio.credentials"],
    (EXISTING, f"{_ONPREM}.minio.server"): [f"{_ONPREM}.minio.existingSecret"],
    (EXTERNAL, "argo-artifacts:argo.server.authMode"): ["argo-artifacts:argo.server.secretReaders"],
    (EXTERNAL, f"{_DEFAULT}.minio.bucket.versioning"): [
        f"{_DEFAULT}.minio.lifecycle.noncurrentExpireDays"
    ],
    (EXTERNAL, f"{_DEFAULT}.minio.keys.live"): [f"{_DEFAULT}.minio.keys.publish"],
    (EXTERNAL, f"{_SHARED}.sharedWith"): [
        f"{TEAM_A}:tenants.team-a.repositories[1].prefix",
        f"{TEAM_B}:tenants.team-b.repositories[1].prefix",
    ],
    # A name is gone: said wherever it is used.
    (PODS, _DEFAULT): [
        "argo-artifacts:tenants.team-a.repositories[0]",
        "argo-artifacts:tenants.team-b.repositories[0]",
        _DEFAULT,
    ],
    (PODS, _SHARED): [
        "argo-artifacts:tenants.team-a.repositories[1]",
        "argo-artifacts:tenants.team-b.repositories[1]",
    ],
    (PODS, "argo-artifacts:tenants"): [f"{_SHARED}.sharedWith[0]", f"{_SHARED}.sharedWith[1]"],
    (PODS, "argo-artifacts:tenants.team-a"): [f"{_SHARED}.sharedWith[0]"],
    (PODS, "argo-artifacts:tenants.team-b"): [f"{_SHARED}.sharedWith[1]"],
    (EXISTING, _ONPREM): ["argo-artifacts:tenantDefaults.repositories[0]"],
    (EXISTING, "argo-artifacts:tenantDefaults"): [_DEFAULT],
    (EXISTING, "argo-artifacts:tenantDefaults.repositories"): [_DEFAULT],
    (EXTERNAL, _DEFAULT): [
        f"{TEAM_A}:tenants.team-a.repositories[0]",
        "argo-artifacts:tenantDefaults.repositories[0]",
        f"{TEAM_B}:tenants.team-b.repositories[0]",
    ],
    (EXTERNAL, _SHARED): [
        f"{TEAM_A}:tenants.team-a.repositories[1]",
        f"{TEAM_B}:tenants.team-b.repositories[1]",
    ],
    (EXTERNAL, "argo-artifacts:tenantFiles"): [
        f"{_SHARED}.sharedWith[0]",
        f"{_SHARED}.sharedWith[1]",
    ],
    (CREDENTIALS, "argo-artifacts:tenants"): [
        f"{_DEFAULT}.minio.credentials.team-a",
        f"{_DEFAULT}.minio.credentials.team-b",
    ],
    (CREDENTIALS, "argo-artifacts:tenants.team-a"): [f"{_DEFAULT}.minio.credentials.team-a"],
    (CREDENTIALS, "argo-artifacts:tenants.team-b"): [f"{_DEFAULT}.minio.credentials.team-b"],
    (TEAM_A, f"{TEAM_A}:tenants.team-a"): [f"{_SHARED}.sharedWith[0]"],
    (TEAM_B, f"{TEAM_B}:tenants.team-b"): [f"{_SHARED}.sharedWith[1]"],
}
"""What is missing, in which file, and where that is said instead."""

CHOSEN: Final = re.compile(r"(repositories|tags|tenants)\.[^.]+$")
"""The path of a name that the user chose."""

files = pytest.mark.parametrize("file", VALID, ids=str)


@files
def test_a_missing_key_is_one_line_with_its_path_unless_it_is_optional(
    file: ValidFile, stacks: Path
):
    surprises = {}
    for steps, _ in _keys(file):
        path = file.path(steps)
        said = _where(file.faults(without(file.document(), steps), stacks))
        if said != REFERENCES.get((file.name, path), [path]) and (said or not _is_optional(path)):
            surprises[path] = said
    assert surprises == {}


@files
def test_a_misspelt_key_is_one_line_with_the_path_of_the_misspelt_key(
    file: ValidFile, stacks: Path
):
    surprises = {}
    for steps, _ in _keys(file):
        path = file.path(steps)
        misspelt = f"{steps[-1]}x"
        lines = file.faults(renamed(file.document(), steps, misspelt), stacks)
        if CHOSEN.search(path):  # another name is fine unless something refers to the old one
            right = _where(lines) == IMPLICIT.get(
                (file.name, path), REFERENCES.get((file.name, path), [])
            )
        else:
            key = str(steps[-1]).removeprefix("argo-artifacts:")
            there = file.path((*steps[:-1], misspelt))
            right = _where(lines) == [there] and f"did you mean {key}" in lines[0]
        if not right:
            surprises[path] = lines
    assert surprises == {}


IMPLICIT: Final = {
    (file, _DEFAULT): [_DEFAULT]
    for file in (LOCAL, CREDENTIALS, SHARED_KEY, HELM, HELM_TLS, IN_CLUSTER, *AWS)
    if file != PODS
}
"""Where no list of the file names the repository ``default``: its own path says it is missing."""


@files
def test_null_is_one_line_with_its_path(file: ValidFile, stacks: Path):
    surprises = {}
    for steps, _ in places(file.document()):
        said = file.faults(changed(file.document(), steps, None), stacks)
        if _where(said) != [file.path(steps)] or "null, " not in said[0]:
            surprises[file.path(steps)] = said
    assert surprises == {}


WRONG: Final = {
    str: (7, "a number, "),
    int: ("seven", "text, "),
    bool: ("true", "text, "),
    list: ({"a": 1}, "a mapping, "),
    dict: (["a"], "a list, "),
}
"""For each kind of value: one of another kind, and how a line names that."""


@files
def test_a_value_of_the_wrong_type_is_one_line_with_its_path(file: ValidFile, stacks: Path):
    surprises = {}
    for steps, value in places(file.document()):
        wrong, found = WRONG[type(value)]
        said = file.faults(changed(file.document(), steps, wrong), stacks)
        if _where(said) != [file.path(steps)] or found not in said[0]:
            surprises[file.path(steps)] = said
    assert surprises == {}


def test_the_machine_reaches_every_kind_of_place():
    paths = {file.path(steps) for file in VALID for steps, _ in places(file.document())}
    assert len(VALID) >= 6
    assert len(paths) > 120
    assert {"Pulumi.local.yaml:config", "argo-artifacts:tenantFiles[0]"} <= paths


def _keys(file: ValidFile) -> list[tuple[Steps, object]]:
    return [place for place in places(file.document()) if isinstance(place[0][-1], str)]


def _where(lines: list[str]) -> list[str]:
    return [line.split(": ")[0] for line in lines]


def _is_optional(path: str) -> bool:
    path = re.sub(r"\[\d+\]", "[*]", path)
    path = re.sub(r"(repositories|tags|tenants)\.[^.\[]+", r"\1.*", path)
    return re.sub(r"^tenants/[^:]+:", "tenants/*.yaml:", path) in OPTIONAL
