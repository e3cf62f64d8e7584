"""Entries: what Argo reads for a repository in a namespace."""

from __future__ import annotations

import re

import pytest
import yaml

from argo_artifacts.access import plan
from argo_artifacts.config import ConfigError
from argo_artifacts.repository import entries
from tests.unit.argo_schema import REPOSITORY, faults
from tests.unit.stacks import MINIO, each, permuted, settings, stacks, values

GLOBAL = {
    "workflow.name",
    "workflow.namespace",
    "workflow.uid",
    "workflow.serviceAccountName",
    "pod.name",
}
"""Variables that every workflow has."""


def entry(tenant: str = "team-a", repository: str = "default", **changes: object) -> dict:
    made = settings(**changes)
    return entries.entry(made, plan(made), tenant, repository)


def every(stack: dict):
    """Each entry of a stack: settings, plan, tenant, repository and the parsed text."""
    made = settings(stack)
    access = plan(made)
    for tenant in made.tenants:
        for key, text in entries.config_map_data(made, access, tenant).items():
            yield made, access, tenant, key, yaml.safe_load(text)


@each(stacks())
def test_argo_knows_every_field_of_every_entry(stack):
    for made, _, tenant, key, value in every(stack):
        assert list(faults(value, REPOSITORY, made.argo.release)) == [], (tenant, key)


@each(stacks())
def test_an_entry_names_everything_that_argo_needs(stack):
    for _, _, _, _, value in every(stack):
        needed = {"endpoint", "bucket", "region", "insecure", "keyFormat"}
        keys = {"accessKeySecret", "secretKeySecret"}
        assert needed | keys <= set(value["s3"])
        assert not (value["s3"]["insecure"] and "caSecret" in value["s3"])


@each(stacks())
def test_the_secret_that_an_entry_names_is_the_credentials_own(stack):
    for _, access, tenant, key, value in every(stack):
        (credential,) = [c for c in access.credentials_of(tenant) if c.repository == key]
        secret = credential.secret
        assert secret.namespace == tenant
        assert value["s3"]["accessKeySecret"] == {"name": secret.name, "key": secret.access_key}
        assert value["s3"]["secretKeySecret"] == {"name": secret.name, "key": secret.secret_key}
        assert value["s3"].get("caSecret", {}).get("name") == credential.ca_secret


@each(stacks())
def test_a_key_format_begins_with_the_prefix_that_the_policy_allows(stack):
    for _, access, tenant, key, value in every(stack):
        (credential,) = [c for c in access.credentials_of(tenant) if c.repository == key]
        allowed = [reach.prefix for reach in credential.accesses]
        assert any(value["s3"]["keyFormat"].startswith(prefix) for prefix in allowed)


@each(stacks())
def test_a_key_format_tells_pods_apart_by_variables_that_every_workflow_has(stack):
    for _, _, _, _, value in every(stack):
        variables = set(re.findall(r"\{\{(.*?)\}\}", value["s3"]["keyFormat"]))
        assert variables <= GLOBAL
        assert "pod.name" in variables
        assert variables & {"workflow.name", "workflow.uid"}
        assert not value["s3"]["keyFormat"].endswith("/")
        assert "//" not in value["s3"]["keyFormat"]


@each(stacks())
def test_the_default_annotation_names_a_key_or_there_is_no_config_map(stack):
    made = settings(stack)
    access = plan(made)
    for tenant in made.tenants.values():
        default = entries.default_repository(access, tenant.name)
        data = entries.config_map_data(made, access, tenant.name)
        assert (default is None) == (data == {})
        assert default is None or default in data
        first = tenant.repositories[0].name
        assert first not in data or default == first


@each(stacks().flatmap(lambda stack: permuted(stack).map(lambda other: (stack, other))))
def test_the_order_of_the_file_does_not_show_in_an_entry(pair):
    one, other = (
        {(tenant, key): value for _, _, tenant, key, value in every(stack)} for stack in pair
    )
    assert one == other


def test_the_entry_of_a_tenant():
    assert entry() == {
        "s3": {
            "bucket": "artifacts",
            "endpoint": "minio:9000",
            "region": "us-east-1",
            "insecure": False,
            "keyFormat": "prod/team-a/{{workflow.name}}-{{workflow.uid}}/{{pod.name}}",
            "accessKeySecret": {"name": "argo-artifacts-default", "key": "accessKey"},
            "secretKeySecret": {"name": "argo-artifacts-default", "key": "secretKey"},
        }
    }


KEPT = {"server": "credentials", "bucket": {"name": "artifacts", "ownership": "use"}}

WALK: list[tuple[dict, tuple[str, ...], object]] = [
    ({"minio": {"endpoint": "other:9443"}}, ("s3", "endpoint"), "other:9443"),
    ({"minio": {"bucket": {"name": "other-bucket"}}}, ("s3", "bucket"), "other-bucket"),
    ({"minio": {"region": "eu-other-7"}}, ("s3", "region"), "eu-other-7"),
    ({"minio": {"tls": {"enabled": False}}}, ("s3", "insecure"), True),
    ({"minio": {"tls": {"ca": "ca.pem"}}}, ("s3", "caSecret", "name"), "argo-ca-default"),
    ({"minio": {"tls": {"ca": "ca.pem"}}}, ("s3", "caSecret", "key"), "ca.pem"),
    ({"archiveLogs": True}, ("archiveLogs",), True),
    (
        {"keyFormat": "x/{{workflow.uid}}/{{pod.name}}"},
        ("s3", "keyFormat"),
        "prod/team-a/x/{{workflow.uid}}/{{pod.name}}",
    ),
    (
        {"minio": KEPT | {"existingSecret": {"name": "vault"}}},
        ("s3", "accessKeySecret", "name"),
        "vault",
    ),
    (
        {"minio": KEPT | {"existingSecret": {"name": "vault", "accessKey": "id"}}},
        ("s3", "accessKeySecret", "key"),
        "id",
    ),
    (
        {"minio": KEPT | {"existingSecret": {"name": "vault", "secretKey": "word"}}},
        ("s3", "secretKeySecret", "key"),
        "word",
    ),
]


@pytest.mark.parametrize(("change", "path", "expected"), WALK)
def test_each_setting_is_found_in_the_entry_and_changes_nothing_else(change, path, expected):
    repository = change | {"minio": MINIO | change.get("minio", {})}
    found = entry(repositories={"default": repository})
    place = found
    for step in path:
        place = place[step]
    assert place == expected
    if path[-1] in ("endpoint", "bucket", "region", "insecure", "archiveLogs", "keyFormat"):
        assert _leaves(found) - _leaves(entry()) == {(path, expected)}


def _leaves(value: object, path: tuple[str, ...] = ()) -> set:
    if isinstance(value, dict):
        return {leaf for key, inner in value.items() for leaf in _leaves(inner, (*path, key))}
    return {(path, value)}


def test_the_names_of_cluster_tenant_and_repository_are_found_in_the_entry():
    stack = values(
        cluster={"name": "c7", "kubeconfig": "x"}, tenants={"t7": {"repositories": ["r7"]}}
    )
    stack["repositories"] = {"r7": {"minio": MINIO}}
    (found,) = [value for *_, value in every(stack)]
    assert found["s3"]["keyFormat"].startswith("c7/t7/")
    assert found["s3"]["accessKeySecret"]["name"] == "argo-artifacts-r7"


def test_addressing_style_is_written_from_the_release_that_knows_it():
    assert "addressingStyle" not in entry(argo={"version": "4.0.5"})["s3"]
    assert entry(argo={"version": "4.1.0"})["s3"]["addressingStyle"] == "path"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {
                "argo": {"version": "3.4.9"},
                "repositories": {"default": {"minio": MINIO | {"tls": {"ca": "ca.pem"}}}},
            },
            "caSecret (tls.ca) with Argo 3.4.9, 3.5.0 or newer is accepted (R14)",
        ),
        (
            {"argo": {"version": "4.0.5", "server": {"uploads": True}}},
            "UI uploads with Argo 4.0.5, 4.1.0 or newer is accepted (R14)",
        ),
    ],
)
def test_what_a_release_lacks_is_refused_with_the_release_that_has_it(changes, line):
    with pytest.raises(ConfigError) as refusal:
        settings(**changes)
    assert [fault.partition(": ")[2] for fault in refusal.value.faults] == [line]


def test_logs_are_archived_only_where_they_can_be_saved():
    logs = {"default": {"minio": MINIO, "archiveLogs": True, "sharedWith": ["a", "b"]}}
    writes = {"repositories": [{"name": "default", "access": "write"}]}
    stack = {"repositories": logs, "tenants": {"a": writes, "b": {}}}
    assert entry("a", **stack)["archiveLogs"] is True
    assert "archiveLogs" not in entry("b", **stack)


def test_a_tenant_without_a_credential_has_no_entry():
    argo = {"version": "4.0.5", "server": {"access": "none"}}
    made = settings(argo=argo, tenants={"t": {"retired": True, "artifactGC": False}})
    assert entries.config_map_data(made, plan(made), "t") == {}
    with pytest.raises(KeyError):
        entries.entry(made, plan(made), "t", "default")


def test_a_misspelt_field_would_be_found():
    assert list(faults({"s3": {"regoin": "x"}, "archivelogs": True})) == [
        "s3.regoin: unknown",
        "archivelogs: unknown",
    ]
    assert list(faults({"s3": {"insecure": "true", "bucket": "", "keyPrefix": "p"}})) == [
        "s3.insecure: str",
        "s3.bucket: empty",
        "s3.keyPrefix: never",
    ]
