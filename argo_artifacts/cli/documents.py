"""``documents``: everything that the stack will write, readable before anything is called."""

from __future__ import annotations

import json as json_text
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from pydantic.alias_generators import to_camel
from rich.console import Console
from rich.syntax import Syntax

from argo_artifacts.access import names
from argo_artifacts.access.servers import installed_servers
from argo_artifacts.cli.aws_documents import aws_documents
from argo_artifacts.cli.console import AsJson, is_plain, say, say_json
from argo_artifacts.cli.document import Document
from argo_artifacts.cli.plan import TenantName, read
from argo_artifacts.cli.stacks import ConfigFile, StackName  # noqa: TC001 - typer reads them
from argo_artifacts.documents import (
    canonical,
    deployer,
    kubernetes,
    lifecycle,
    minio,
    minio_chart,
    network_policy,
)
from argo_artifacts.repository import controller, entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.grants import Role
    from argo_artifacts.config import Settings
    from argo_artifacts.documents.lifecycle import LifecycleRule

_RBAC: Final = "rbac.authorization.k8s.io"


def documents(
    stack: StackName,
    *,
    config_file: ConfigFile = None,
    tenant: TenantName = None,
    json: AsJson = False,
) -> None:
    """Print every policy, Role, Argo entry and lifecycle rule that the stack will write."""
    settings, access = read(stack, config_file, tenant)
    found = list(collect(settings, access, tenant))
    if json:
        say_json([asdict(document) for document in found])
        return
    for document in found:
        _print(document)


def collect(settings: Settings, access: AccessPlan, tenant: str | None) -> Iterator[Document]:
    """Every document of all tenants, or those of one *tenant* alone."""
    yield from _policies(settings, access, tenant)
    yield from aws_documents(settings, access, tenant)
    for space in settings.tenants if tenant is None else [tenant]:
        yield from _of_tenant(settings, access, space)
    if tenant is None:
        yield from _servers(settings)
        yield from _lifecycles(settings, access)
        yield from _controller(settings)
        yield from _deployer(settings, access)


def _policies(settings: Settings, access: AccessPlan, tenant: str | None) -> Iterator[Document]:
    for credential in access.credentials:
        if credential.policy is None or tenant not in (None, credential.tenant):
            continue
        endpoint = _endpoint(settings, credential.repository)
        users = ", ".join(user for _, user in credential.users)
        yield Document(
            kind="MinIO policy",
            name=credential.policy,
            goes=f"server {endpoint}, attached to {users}",
            content=minio.policy(credential),
        )


def _endpoint(settings: Settings, repository: str) -> str:
    model = settings.repositories[repository]
    if model.s3 is not None:
        return f"S3 in {model.s3.region}"
    found = model.minio
    return "" if found is None else found.admin_endpoint or found.endpoint


def _of_tenant(settings: Settings, access: AccessPlan, space: str) -> Iterator[Document]:
    for role in access.roles_of(space):
        bound = ", ".join(map(str, role.subjects))
        yield Document(
            kind="Role",
            name=f"{space}/{role.name}",
            goes=f"namespace {space}, bound to {bound}",
            content=_role(settings, role),
        )
    default = entries.default_repository(access, space)
    if default is not None:
        yield Document(
            kind="ConfigMap",
            name=f"{space}/{names.REPOSITORIES_CONFIG_MAP}",
            goes=f"namespace {space}, read by Argo for every workflow there",
            content={
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": _metadata(
                    settings,
                    names.REPOSITORIES_CONFIG_MAP,
                    space,
                    {names.DEFAULT_ANNOTATION: default},
                ),
                "data": entries.config_map_data(settings, access, space),
            },
        )


def _servers(settings: Settings) -> Iterator[Document]:
    for server in installed_servers(settings):
        yield Document(
            kind="Helm values",
            name=server.place,
            goes=f"the chart of MinIO, release {server.helm.release} in namespace"
            f" {server.namespace}",
            content=minio_chart.values(server),
        )
        yield Document(
            kind="NetworkPolicy",
            name=server.place,
            goes=f"namespace {server.namespace}, on the server's pods",
            content={
                "apiVersion": "networking.k8s.io/v1",
                "kind": "NetworkPolicy",
                "metadata": _metadata(settings, server.helm.release, server.namespace),
                "spec": network_policy.spec(server),
            },
        )


def _metadata(
    settings: Settings, name: str, namespace: str, annotations: Mapping[str, str] | None = None
) -> dict[str, object]:
    marked = {names.OWNER_MARK: settings.owner, **(annotations or {})}
    return {"name": name, "namespace": namespace, "annotations": marked}


def _role(settings: Settings, role: Role) -> dict[str, object]:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "Role",
        "metadata": _metadata(settings, role.name, role.namespace),
        "rules": list(kubernetes.rules(role)),
    }


def _lifecycles(settings: Settings, access: AccessPlan) -> Iterator[Document]:
    for store in access.stores:
        rules = lifecycle.rules(settings, access, store.repository, store.tenants)
        if rules:
            yield Document(
                kind="Lifecycle rules",
                name=store.bucket,
                goes=f"bucket {store.bucket} on {_endpoint(settings, store.repository)}",
                content={"rules": [_rule(rule) for rule in rules]},
            )


def _rule(rule: LifecycleRule) -> dict[str, object]:
    return {to_camel(key): value for key, value in asdict(rule).items() if value}


def _controller(settings: Settings) -> Iterator[Document]:
    argo = settings.argo
    if argo.controller_config == "values":
        yield Document(
            kind="Helm values",
            name="argo-workflows",
            goes="the chart, by whoever installs Argo: argo-artifacts values",
            content=controller.helm_values(settings),
        )
    if argo.controller_config in ("own", "patch"):
        whole = argo.controller_config == "own"
        name, space = argo.controller_config_map, argo.namespace
        yield Document(
            kind="ConfigMap" if whole else "ConfigMap patch",
            name=f"{argo.namespace}/{argo.controller_config_map}",
            goes=f"namespace {argo.namespace}, read by the workflow controller",
            content={
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": _metadata(settings, name, space)
                if whole
                else {"name": name, "namespace": space},
                "data": controller.config_map_data(settings),
            },
        )


def _deployer(settings: Settings, access: AccessPlan) -> Iterator[Document]:
    for server in deployer.servers(settings):
        yield Document(
            kind="Deployer's MinIO policy",
            name=deployer.CLUSTER_ROLE,
            goes=f"server {server}, for the user whose keys the stack has; nothing here writes it",
            content=deployer.minio_policy(settings, server),
        )
    yield Document(
        kind="Deployer's ClusterRole",
        name=deployer.CLUSTER_ROLE,
        goes=f"cluster {settings.cluster.name}, for whoever runs pulumi up; nothing here writes it",
        content=deployer.cluster_role(settings, access),
    )


def _print(document: Document) -> None:
    """One document of a YAML stream; policies are JSON, which YAML reads too."""
    say("---")
    say(f"# {document.kind} {document.name}", style="bold cyan")
    say(f"# -> {document.goes}", style="cyan")
    policy = "policy" in document.kind
    if policy:
        text = json_text.dumps(document.content, indent=2)
    else:
        text = canonical.readable(document.content)
    if is_plain():
        say(text.rstrip())
        return
    body = Syntax(
        text.rstrip(),
        "json" if policy else "yaml",
        theme="ansi_dark",
        background_color="default",
        word_wrap=True,
    )
    Console().print(body)
