"""The access plan: who may do what, and what a reader must know beside it."""

from __future__ import annotations

import pytest

from argo_artifacts.access import plan
from argo_artifacts.access.grants import in_words
from argo_artifacts.access.roles import roles
from argo_artifacts.access.words import VERBS
from tests.unit.stacks import MINIO, each, permuted, settings, stacks, values


def words(**changes: object) -> list[str]:
    """The grants of a stack, one line each."""
    return [str(grant) for grant in plan(settings(**changes)).grants]


def notes(topic: str, **changes: object) -> dict[str, str]:
    """The notes on one topic, by what they are about."""
    found = plan(settings(**changes)).notes
    return {note.about: note.text for note in found if note.topic == topic}


@each(stacks())
def test_equal_settings_give_an_equal_plan(stack):
    assert plan(settings(stack)) == plan(settings(stack))


@each(stacks().flatmap(lambda stack: permuted(stack).map(lambda other: (stack, other))))
def test_the_order_of_the_file_does_not_matter(pair):
    one, other = pair
    assert plan(settings(one)) == plan(settings(other))


@each(stacks())
def test_no_tenant_reaches_into_anothers_own_prefix_on_one_bucket(stack):
    made = settings(stack)
    access = plan(made)
    own = {
        (made.repositories[repository].minio.bucket.name, prefix): tenant
        for (tenant, repository), prefix in access.prefixes.items()
        if not made.repositories[repository].shared_with
    }
    for credential in access.credentials:
        for reach in credential.accesses:
            for (bucket, prefix), tenant in own.items():
                if bucket == credential.bucket and tenant != credential.tenant:
                    assert not reach.prefix.startswith(prefix)
                    assert not prefix.startswith(reach.prefix)


@each(stacks())
def test_a_credential_holds_exactly_what_its_grants_say(stack):
    access = plan(settings(stack))
    for credential in access.credentials:
        mine = [
            g
            for g in access.grants
            if (g.tenant, g.repository) == (credential.tenant, credential.repository)
        ]
        assert {(a.prefix, verb) for a in credential.accesses for verb in a.verbs} == {
            (g.prefix, verb) for g in mine for verb in g.verbs
        }
        assert set(credential.actors) == {g.actor for g in mine}
    have = {(c.tenant, c.repository) for c in access.credentials}
    assert have == {(g.tenant, g.repository) for g in access.grants}


@each(stacks())
def test_every_grant_is_plain(stack):
    for grant in plan(settings(stack)).grants:
        assert grant.prefix.endswith("/")
        assert grant.verbs
        assert list(grant.verbs) == [verb for verb in VERBS if verb in grant.verbs]
        assert ("delete" in grant.verbs) <= (grant.actor == "collector")
        assert ("write" in grant.verbs) <= (grant.actor != "collector")


@each(stacks())
def test_a_retired_tenant_has_no_executor(stack):
    made = settings(stack)
    executing = {grant.tenant for grant in plan(made).grants if grant.actor == "executor"}
    assert executing == {name for name, tenant in made.tenants.items() if not tenant.retired}


@each(stacks())
def test_the_prefix_of_every_use_is_known(stack):
    made = settings(stack)
    access = plan(made)
    for tenant in made.tenants.values():
        for use in tenant.repositories:
            assert access.prefix(tenant.name, use.name).endswith("/")


def test_the_grants_of_two_tenants():
    assert words() == [
        "team-a/workflow (executor): list, read, write on default:prod/team-a/",
        "team-a/artifact-gc (collector): list, delete on default:prod/team-a/",
        "argo/argo-server (server): list, read on default:prod/team-a/",
        "team-b/workflow (executor): list, read, write on default:prod/team-b/",
        "argo/argo-server (server): list, read on default:prod/team-b/",
    ]


def test_each_service_account_has_a_grant_of_its_own():
    assert words(tenants={"t": {"serviceAccounts": ["etl", "ml"], "artifactGC": False}}) == [
        "t/etl (executor): list, read, write on default:prod/t/",
        "t/ml (executor): list, read, write on default:prod/t/",
        "argo/argo-server (server): list, read on default:prod/t/",
    ]


def test_a_retired_tenant_keeps_server_and_collector():
    assert words(tenants={"t": {"retired": True}}) == [
        "t/artifact-gc (collector): list, delete on default:prod/t/",
        "argo/argo-server (server): list, read on default:prod/t/",
    ]


def test_nobody_has_access_to_a_retired_tenant_without_server_and_collector():
    argo = {"version": "4.0.5", "server": {"access": "none"}}
    access = plan(settings(argo=argo, tenants={"t": {"retired": True, "artifactGC": False}}))
    assert (access.grants, access.credentials) == ((), ())
    assert access.prefix("t", "default") == "prod/t/"


def test_a_shared_repository_is_read_unless_a_tenant_says_write():
    shared = {"default": {"minio": MINIO, "sharedWith": ["a", "b"]}}
    writes = {"repositories": [{"name": "default", "access": "write", "prefix": "published/"}]}
    argo = {"version": "4.0.5", "server": {"access": "none"}}
    assert words(argo=argo, repositories=shared, tenants={"a": writes, "b": {}}) == [
        "a/workflow (executor): list, read, write on default:published/",
        "a/artifact-gc (collector): list, delete on default:published/",
        "b/workflow (executor): list, read on default:prod/_shared/default/",
    ]


def test_uploads_are_read_by_the_executor_and_written_by_the_server():
    argo = {"version": "4.1.0", "server": {"uploads": True}}
    assert words(argo=argo, tenants={"t": {"artifactGC": False}}) == [
        "t/workflow (executor): list, read, write on default:prod/t/",
        "t/workflow (executor): list, read on default:uploads/t/",
        "argo/argo-server (server): list, read on default:prod/t/",
        "argo/argo-server (server): list, read, write on default:uploads/t/",
    ]


def test_the_prefixes_of_a_credential_are_sorted():
    argo = {"version": "4.1.0", "server": {"uploads": True}}
    zeta = {"name": "zeta", "kubeconfig": "x"}
    (credential,) = plan(settings(argo=argo, cluster=zeta, tenants={"t": {}})).credentials
    assert [reach.prefix for reach in credential.accesses] == ["uploads/t/", "zeta/t/"]


def test_nobody_uploads_to_a_shared_repository():
    argo = {"version": "4.1.0", "server": {"uploads": True}}
    shared = {"default": {"minio": MINIO, "sharedWith": ["t"]}}
    assert words(argo=argo, repositories=shared, tenants={"t": {}}) == [
        "t/workflow (executor): list, read on default:prod/_shared/default/",
        "argo/argo-server (server): list, read on default:prod/_shared/default/",
    ]


def test_grants_in_words_are_told_apart_by_subject_actor_and_place():
    grants = plan(settings()).grants
    assert len(in_words(grants)) == len(grants)
    assert in_words(grants)["team-a/artifact-gc (collector) on default:prod/team-a/"] == (
        "list, delete"
    )


def test_the_roles_of_a_tenant():
    access = plan(settings(tenants={"t": {"serviceAccounts": ["etl", "ml"]}}))
    assert [
        (role.name, [str(subject) for subject in role.subjects], role.secrets)
        for role in access.roles_of("t")
    ] == [
        ("argo-executor", ["t/etl", "t/ml"], ()),
        ("argo-artifact-gc", ["t/artifact-gc"], ()),
        ("argo-artifact-secrets", ["argo/argo-server"], ("argo-artifacts-default",)),
    ]


@pytest.mark.parametrize("mode", ["client", "sso"])
def test_the_users_read_the_secrets_where_the_server_acts_as_them(mode):
    readers = [{"namespace": "people", "name": "ada"}, {"namespace": "people", "name": "bob"}]
    server = {"authMode": mode, "secretReaders": readers}
    access = plan(settings(argo={"version": "4.0.5", "server": server}, tenants={"t": {}}))
    assert [str(subject) for subject in access.roles_of("t")[-1].subjects] == [
        "people/ada",
        "people/bob",
    ]


def test_a_secret_is_opened_with_its_ca_and_whoever_keeps_it():
    kept = MINIO | {
        "server": "credentials",
        "bucket": {"name": "other", "ownership": "use"},
        "existingSecret": {"name": "from-vault", "accessKey": "id"},
        "tls": {"ca": "ca.pem"},
    }
    access = plan(settings(repositories={"default": {"minio": kept}}, tenants={"t": {}}))
    assert access.roles_of("t")[-1].secrets == ("argo-ca-default", "from-vault")
    (credential,) = access.credentials
    assert (credential.policy, credential.users, credential.publish) == (None, (), None)
    assert (credential.secret.access_key, credential.secret.secret_key) == ("id", "secretKey")
    assert not credential.secret.managed


def test_no_role_opens_secrets_where_the_ui_shows_none():
    argo = {"version": "4.0.5", "server": {"access": "none"}}
    assert [role.name for role in plan(settings(argo=argo, tenants={"t": {}})).roles] == [
        "argo-executor",
        "argo-artifact-gc",
    ]


def test_no_role_opens_secrets_where_there_are_none():
    assert [role.name for role in roles(settings(tenants={"t": {}}), [])] == [
        "argo-executor",
        "argo-artifact-gc",
    ]


def test_each_live_key_is_a_user_and_one_is_published():
    minio = MINIO | {"keys": {"live": [6, 5], "publish": 6}}
    (credential,) = plan(
        settings(repositories={"default": {"minio": minio}}, tenants={"t": {}})
    ).credentials
    assert [key for key, _ in credential.users] == [5, 6]
    assert [user.split(".")[3] for _, user in credential.users] == ["5", "6"]
    assert credential.publish == 6


def test_a_store_is_ours_unless_it_is_used_or_given():
    repositories = {
        "made": {"minio": MINIO},
        "used": {"minio": MINIO | {"bucket": {"name": "used", "ownership": "use"}}},
        "given": {
            "minio": MINIO
            | {
                "server": "credentials",
                "bucket": {"name": "given", "ownership": "use"},
                "existingSecret": {"name": "from-vault"},
            }
        },
    }
    tenants = {"b": {"repositories": ["made", "used"]}, "a": {"repositories": ["made", "given"]}}
    stores = plan(settings(repositories=repositories, tenants=tenants)).stores
    assert [(s.repository, s.managed, s.tenants) for s in stores] == [
        ("given", False, ("a",)),
        ("made", True, ("a", "b")),
        ("used", False, ("b",)),
    ]


def test_the_union_of_a_secret_is_said():
    assert notes("union") == {
        "team-a/default": "one Secret serves executor, collector, server: each may do what any of"
        " them may (Argo knows one credential for an entry)",
        "team-b/default": "one Secret serves executor, server: each may do what any of them may"
        " (Argo knows one credential for an entry)",
    }
    none = {"version": "4.0.5", "server": {"access": "none"}}
    assert notes("union", argo=none, tenants={"t": {"artifactGC": False}}) == {}


def test_a_tenant_without_garbage_collection_is_told_what_its_workflows_meet():
    tenants = {"t": {"artifactGC": False}}
    assert notes("collection", tenants=tenants)["t"].endswith(
        "its workflows can be deleted all the same (forceFinalizerRemoval)"
    )
    assert notes("collection", tenants=tenants, argo={"version": "3.4.0"})["t"].endswith(
        "such a workflow stays until its finalizer is removed by hand (Argo < 3.5)"
    )
    assert "t" not in notes("collection", tenants={"t": {}})


def test_a_stack_that_leaves_the_controller_alone_is_told_what_that_means():
    assert "controller" not in notes("collection")
    argo = {"version": "4.0.5", "controllerConfig": "none"}
    assert "as the service account default" in notes("collection", argo=argo)["controller"]


def test_what_a_removal_keeps_is_said():
    assert notes("kept", tenants={"t": {}})["t"] == (
        "removing the tenant ends its access and keeps its namespace and its objects"
    )
    whole = {"t": {"namespace": {"deleteNamespace": True}}}
    assert notes("kept", tenants=whole)["t"] == (
        "removing the tenant ends its access, deletes its namespace with all its contents and"
        " keeps its objects in the bucket"
    )


@pytest.mark.parametrize(
    ("tenant", "server", "said"),
    [
        ({}, "shared", "the UI still reads and garbage collection still deletes"),
        ({"artifactGC": False}, "shared", "the UI still reads"),
        ({}, "none", "garbage collection still deletes"),
        ({"artifactGC": False}, "none", "nobody else has access either"),
    ],
)
def test_what_a_retired_tenant_still_has_is_said(tenant, server, said):
    argo = {"version": "4.0.5", "server": {"access": server}}
    found = notes("retired", argo=argo, tenants={"t": tenant | {"retired": True}})
    assert found["t"] == f"no executor any more; {said}"


def test_a_tenant_that_cannot_save_is_told():
    shared = {"default": {"minio": MINIO, "sharedWith": ["a", "b"]}}
    writes = {"repositories": [{"name": "default", "access": "write"}]}
    found = notes("shared", repositories=shared, tenants={"a": writes, "b": {}})
    assert "cannot save artifacts" in found["b"]
    assert "a" not in found


def test_keys_of_others_are_said_to_be_theirs():
    given = MINIO | {
        "server": "credentials",
        "bucket": {"name": "given", "ownership": "use"},
        "existingSecret": {"name": "from-vault"},
    }
    stack = {"repositories": {"default": {"minio": given}}}
    assert "kept by whoever made them" in notes("keys", **stack)["default"]
    assert "nothing isolates the tenants" in notes("shared", **stack)["default"]


@pytest.mark.parametrize(
    ("server", "space"),
    [({}, "argo"), ({"server": "helm", "endpoint": "minio.minio.svc:9000"}, "minio")],
    ids=["external", "helm"],
)
def test_who_can_have_the_admins_key_where_a_job_provisions_is_said(server, space):
    minio = MINIO | {"tls": {"enabled": False}, "provisioner": {"image": "x:1"}} | server
    said = plan(settings(repositories={"default": {"minio": minio}})).notes
    texts = [note.text for note in said if note.about == "default" and note.topic == "server"]
    assert any(text.startswith(f"a Job in {space} makes its bucket") for text in texts)
    plain = MINIO | {"tls": {"enabled": False}}
    assert notes("server", repositories={"default": {"minio": plain}}) == {}


def test_the_boundary_is_always_said():
    assert "whoever may create a Workflow" in notes("boundary", **values())["namespace"]


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ({}, "whoever reaches argo-server acts as it in all of them (authMode server)"),
        (
            {"authMode": "sso", "secretReaders": [{"namespace": "p", "name": "ada"}]},
            "reads the Secret as the user who asks",
        ),
    ],
)
def test_who_opens_artifacts_in_the_ui_is_said(server, said):
    found = notes("boundary", argo={"version": "4.0.5", "server": server})
    assert found["argo-server"].endswith(said)


def test_nothing_is_said_of_a_ui_that_shows_nothing():
    argo = {"version": "4.0.5", "server": {"access": "none"}}
    assert list(notes("boundary", argo=argo)) == ["namespace"]
