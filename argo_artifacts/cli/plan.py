"""``plan``: who may do what, what a reader must know, what is created, and the headroom.

Nothing is called: everything follows from the stack file and the files it names.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from argo_artifacts import limits
from argo_artifacts.access import plan as access_plan
from argo_artifacts.access.aws import ByAccessGrants, ByPods, ByRoles, ByServiceAccounts
from argo_artifacts.access.inventory import TYPES, Item, count, inventory
from argo_artifacts.cli.console import AsJson, is_plain, say, say_json, say_table
from argo_artifacts.cli.stacks import ConfigFile, StackName, inline_values, read_stack
from argo_artifacts.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.access.aws import AwsRole
    from argo_artifacts.access.grants import Credential, Grant, Note, Quota
    from argo_artifacts.config import Settings

TenantName = Annotated[str | None, typer.Option("--tenant", "-t", help="Only this tenant.")]
"""The option ``--tenant`` of the commands about one stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is shown of a plan: of all tenants or of one."""

    settings: Settings
    grants: tuple[Grant, ...]
    credentials: tuple[Credential, ...]
    roles: tuple[AwsRole, ...]
    notes: tuple[Note, ...]
    items: tuple[Item, ...]
    quotas: tuple[Quota, ...]


def plan(
    stack: StackName,
    *,
    config_file: ConfigFile = None,
    tenant: TenantName = None,
    json: AsJson = False,
) -> None:
    """Show who may do what, what will be created, and the headroom to every quota."""
    settings, access = read(stack, config_file, tenant)
    inline = limits.inline(inline_values(stack, config_file))
    shown = view(settings, access, tenant, inline)
    if json:
        say_json(as_json(shown))
    else:
        _print(shown)


def read(stack: str, config_file: ConfigFile, tenant: str | None) -> tuple[Settings, AccessPlan]:
    """Read a stack and plan its access.

    Raises:
        ConfigError: faults of the files, what is too large, or no such tenant; one line each.
    """
    settings = read_stack(stack, config_file)
    if tenant is not None and tenant not in settings.tenants:
        known = ", ".join(settings.tenants) or "none"
        raise ConfigError([f"--tenant: {tenant!r} is no tenant, one of {known} is accepted"])
    access = access_plan(settings)
    faults = limits.check(settings, access)
    if faults:
        raise ConfigError(faults)
    return settings, access


def view(settings: Settings, access: AccessPlan, tenant: str | None, *more: Quota) -> View:
    """Choose what is shown."""
    grants, credentials = access.grants, access.credentials
    notes, items = access.notes, inventory(settings, access)
    if tenant is not None:
        used = {use.name for use in settings.tenants[tenant].repositories}
        about = {tenant, "namespace", "argo-server", "controller", *used}
        grants, credentials = access.grants_of(tenant), access.credentials_of(tenant)
        notes = tuple(n for n in notes if n.about in about or n.about.startswith(f"{tenant}/"))
        items = tuple(i for i in items if _belongs(i, access, tenant))
    roles = access.aws.roles if access.aws else ()
    if tenant is not None:
        roles = tuple(role for role in roles if tenant in role.tenants)
    quotas = (*limits.quotas(settings, access), *more)
    return View(
        settings=settings,
        grants=grants,
        credentials=credentials,
        roles=roles,
        notes=notes,
        items=items,
        quotas=quotas,
    )


def _belongs(item: Item, access: AccessPlan, tenant: str) -> bool:
    physical = {
        name
        for credential in access.credentials_of(tenant)
        for name in (credential.policy, *(user for _, user in credential.users))
    }
    roles = access.aws.roles if access.aws else ()
    physical |= {role.name for role in roles if role.tenants == (tenant,)}
    return item.name == tenant or item.name.startswith(f"{tenant}/") or item.name in physical


def as_json(shown: View) -> dict[str, object]:
    """The same for other programs."""
    settings = shown.settings
    return {
        "stack": settings.stack,
        "cluster": settings.cluster.name,
        "argo": {"version": settings.argo.version, "namespace": settings.argo.namespace},
        "grants": [
            {
                "tenant": grant.tenant,
                "actor": grant.actor,
                "serviceAccount": str(grant.subject),
                "repository": grant.repository,
                "prefix": grant.prefix,
                "verbs": list(grant.verbs),
                "identity": grant.identity,
            }
            for grant in shown.grants
        ],
        "credentials": [
            {
                "tenant": credential.tenant,
                "repository": credential.repository,
                "bucket": credential.bucket,
                "actors": list(credential.actors),
                "secret": credential.secret.name,
                "managed": credential.secret.managed,
                "policy": credential.policy,
                "users": {str(key): user for key, user in credential.users},
                "publish": credential.publish,
            }
            for credential in shown.credentials
        ],
        "assumable": [
            {"role": role.arn, "by": by, "tenants": list(role.tenants)}
            for role in shown.roles
            for by in who(role, shown.settings)
        ],
        "notes": [asdict(note) for note in shown.notes],
        "creates": [asdict(item) for item in shown.items],
        "numbers": dict(count(shown.items)),
        "quotas": [
            {
                "what": quota.what,
                "item": quota.item,
                "used": quota.used,
                "limit": quota.limit,
                "unit": quota.unit,
                "headroom": quota.headroom,
            }
            for quota in shown.quotas
        ],
    }


def _print(shown: View) -> None:
    settings = shown.settings
    say(
        f"Stack {settings.stack}: cluster {settings.cluster.name}, Argo {settings.argo.version}"
        f" in namespace {settings.argo.namespace},"
        f" {_number(len(settings.tenants), 'tenant')},"
        f" {_number(len(settings.repositories), 'repository', 'repositories')}",
        style="bold",
    )
    _section("Who may do what")
    head = ("tenant", "actor", "service account", "repository", "prefix", "verbs", "by")
    say_table(head, _once(_row(grant) for grant in shown.grants))
    if shown.credentials or not shown.roles:
        _section("By which identity")
        head = ("tenant", "repository", "identity", "users on the server")
        say_table(head, _once(_identity(c) for c in shown.credentials))
    if shown.roles:
        _section("Who may assume what")
        head = ("role", "assumed by", "for")
        say_table(head, _once(_assumed(shown)))
    _section("To know")
    say_table(("topic", "about", "what"), _once(_notes(shown.notes)))
    _section(f"What is created: {_number(len(shown.items), 'object')}")
    say_table(("where", "kind", "number"), _once(_numbers(shown.items)))
    _section("Headroom")
    say_table(("quota", "largest", "used", "limit", "unit", "left"), map(_quota, shown.quotas))


def _assumed(shown: View) -> Iterator[tuple[str, str, str]]:
    for role in shown.roles:
        for by in who(role, shown.settings):
            yield role.name, by, ", ".join(role.tenants)


def who(role: AwsRole, settings: Settings) -> Iterator[str]:
    """Who may assume *role*, in words."""
    trusted = role.trust
    match trusted:
        case ByServiceAccounts():
            yield from (f"service account {subject}" for subject in trusted.subjects)
        case ByPods():
            eks = settings.cluster.eks
            spaces = ", ".join(trusted.namespaces) or "any namespace"
            names = ", ".join(trusted.accounts) or "any service account"
            yield f"associated pods of {eks.name if eks else '?'}: {names} of {spaces}"
        case ByRoles():
            yield from trusted.roles
        case ByAccessGrants():
            yield "S3 Access Grants"
        case _:
            assert_never(trusted)


def _numbers(items: Sequence[Item]) -> Iterator[tuple[str, str, str]]:
    adopted = count(item for item in items if item.adopted)
    for kind, number in count(items).items():
        where = {"kubernetes": "Kubernetes", "aws": "AWS"}.get(TYPES[kind].split(":")[0], "MinIO")
        if kind == "Credentials":  # generated, they stand in the state alone
            where = "Pulumi"
        of_them = f", {adopted[kind]} of them adopted" if kind in adopted else ""
        yield where, kind, f"{number}{of_them}"


def _section(title: str) -> None:
    say()
    say(title, style="bold cyan")


def _row(grant: Grant) -> tuple[str, ...]:
    own = grant.subject.namespace == grant.tenant
    return (
        grant.tenant,
        grant.actor,
        grant.subject.name if own else str(grant.subject),
        grant.repository,
        grant.prefix,
        " ".join(grant.verbs),
        grant.identity.partition(" ")[0],
    )


def _identity(credential: Credential) -> tuple[str, ...]:
    several = len(credential.users) > 1
    users = (
        f"{user} (published)" if several and key == credential.publish else user
        for key, user in credential.users
    )
    return (
        credential.tenant,
        credential.repository,
        f"Secret {credential.secret.name}",
        " ".join(users) or "not ours",
    )


def _once(rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Name in the first column only where it changes; in plain text, that others cut, always."""
    before = None
    for row in rows:
        yield ("", *row[1:]) if row[0] == before and not is_plain() else row
        before = row[0]


def _notes(notes: Iterable[Note]) -> Iterator[tuple[str, str, str]]:
    """One row for each text, with all that it is about."""
    about: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        about.setdefault((note.topic, note.text), []).append(note.about)
    return ((topic, ", ".join(names), text) for (topic, text), names in about.items())


def _quota(quota: Quota) -> tuple[str, ...]:
    used, limit = f"{quota.used:,}", f"{quota.limit:,}"
    left = f"{quota.headroom / quota.limit:.0%}"
    return quota.what, quota.item or "-", used, limit, quota.unit, left


def _number(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
