"""RBAC rules: each actor's, and the deployer's who gives them."""

from __future__ import annotations

from argo_artifacts.access import plan
from argo_artifacts.access.inventory import inventory
from argo_artifacts.documents import deployer, kubernetes
from tests.unit.stacks import MINIO, each, settings, stacks, values

Right = tuple[str, str, str]


def rights(rules) -> set[Right]:
    """Group, resource and verb of each right."""
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def given(stack: dict) -> set[Right]:
    return {
        right for role in plan(settings(stack)).roles for right in rights(kubernetes.rules(role))
    }


def held(stack: dict) -> set[Right]:
    made = settings(stack)
    return rights(deployer.cluster_role(made, plan(made))["rules"])


def test_each_actor_has_the_verbs_that_argo_needs():
    roles = {role.name: role for role in plan(settings(tenants={"t": {}})).roles}
    assert rights(kubernetes.rules(roles["argo-executor"])) == {
        ("argoproj.io", "workflowtaskresults", "create"),
        ("argoproj.io", "workflowtaskresults", "patch"),
    }
    assert rights(kubernetes.rules(roles["argo-artifact-gc"])) == {
        ("argoproj.io", "workflowartifactgctasks", "list"),
        ("argoproj.io", "workflowartifactgctasks", "watch"),
        ("argoproj.io", "workflowartifactgctasks/status", "patch"),
    }
    (rule,) = kubernetes.rules(roles["argo-artifact-secrets"])
    assert rule["resourceNames"] == ["argo-artifacts-default"]
    assert rights([rule]) == {("", "secrets", "get")}


@each(stacks())
def test_no_role_opens_all_secrets_or_says_everything(stack):
    for role in plan(settings(stack)).roles:
        for rule in kubernetes.rules(role):
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert ("secrets" not in rule["resources"]) or rule["resourceNames"]


@each(stacks())
def test_the_deployer_holds_every_right_that_it_gives(stack):
    assert given(stack) <= held(stack)


@each(stacks())
def test_the_deployer_may_make_what_the_stack_makes_and_no_other_kind(stack):
    made = settings(stack)
    kinds = {resource for _, resource, verb in held(stack) if verb == "create"} - {
        "workflowtaskresults"
    }
    listed = {item.kind.removesuffix("Patch").lower() + "s" for item in inventory(made, plan(made))}
    assert kinds == {
        kind for kind in listed if kind not in ("buckets", "policys", "users", "attachments")
    }


HELM = MINIO | {
    "server": "helm",
    "endpoint": "minio.minio.svc:9000",
    "adminEndpoint": "127.0.0.1:9000",
    "tls": {"enabled": False},
}


def test_the_deployer_may_make_what_the_chart_makes_only_where_there_is_one():
    charts = {
        (group, kind, verb)
        for group, kind in (
            ("apps", "deployments"),
            ("apps", "statefulsets"),
            ("", "persistentvolumeclaims"),
            ("", "services"),
        )
        for verb in ("create", "delete", "get", "list", "patch", "watch")
    } | {("", "secrets", "update")}
    waits = {("apps", "replicasets", "list")}
    assert charts | waits <= held(values(repositories={"default": {"minio": HELM}}))
    assert not (charts | waits) & held(values())
    at_once = HELM | {"helm": {"waitForPods": False}}
    found = held(values(repositories={"default": {"minio": at_once}}))
    assert charts <= found
    assert not waits & found


@each(stacks())
def test_no_right_of_the_deployer_is_a_wildcard(stack):
    assert not {right for right in held(stack) if "*" in right}
    assert not {verb for _, _, verb in held(stack)} & {"escalate", "impersonate"}


@each(stacks())
def test_the_deployer_may_bind_our_own_roles_by_name_and_no_other(stack):
    made = settings(stack)
    access = plan(made)
    binding = [r for r in deployer.cluster_role(made, access)["rules"] if "bind" in r["verbs"]]
    assert binding == [
        {
            "apiGroups": ["rbac.authorization.k8s.io"],
            "resources": ["roles"],
            "resourceNames": sorted({role.name for role in access.roles}),
            "verbs": ["bind"],
        }
    ]


def test_the_deployer_reads_secrets_that_others_keep():
    kept = MINIO | {
        "server": "credentials",
        "bucket": {"name": "kept", "ownership": "use"},
        "existingSecret": {"name": "vault"},
    }
    made = settings(repositories={"default": {"minio": kept}})
    found = rights(deployer.cluster_role(made, plan(made))["rules"])
    assert {verb for _, resource, verb in found if resource == "secrets"} == {"get"}


def minio_rights(**bucket: object) -> dict[str, tuple[set[str], list[str]]]:
    """Actions and resources of each statement."""
    minio = MINIO | {"bucket": {"name": "artifacts", **bucket}}
    made = settings(repositories={"default": {"minio": minio}})
    (server,) = deployer.servers(made)
    return {
        statement["Sid"]: (set(statement["Action"]), statement.get("Resource", []))
        for statement in deployer.minio_policy(made, server)["Statement"]
    }


def test_the_deployer_empties_a_bucket_only_where_the_file_says_so():
    assert "Purge" not in minio_rights()
    assert minio_rights(forceDestroy=True)["Purge"][1] == ["arn:aws:s3:::artifacts/*"]


def test_the_deployer_leaves_a_bucket_of_others_alone():
    found = minio_rights(ownership="use")
    assert set(found) == {"Identities", "Content", "VerifyObjects"}
    assert not {action for action in found["Identities"][0] if "Bucket" in action}
    assert found["VerifyObjects"][1] == ["arn:aws:s3:::artifacts/*/.argo-artifacts-verify/*"]


def test_the_deployer_reads_and_writes_no_artifact():
    for actions, _ in minio_rights(forceDestroy=True).values():
        assert not actions & {"s3:GetObject", "s3:PutObject"}
        assert not {action for action in actions if "*" in action}


def test_each_server_has_a_policy_of_its_own_buckets():
    repositories = {
        "one": {"minio": MINIO},
        "two": {
            "minio": MINIO | {"endpoint": "b:1", "adminEndpoint": "b:2", "bucket": {"name": "two"}}
        },
    }
    made = settings(repositories=repositories, tenants={"t": {"repositories": ["one"]}})
    assert deployer.servers(made) == ("b:2", "minio:9000")
    (resources,) = {
        tuple(statement["Resource"])
        for statement in deployer.minio_policy(made, "b:2")["Statement"]
        if statement["Sid"] == "Buckets"
    }
    assert resources == ("arn:aws:s3:::two",)


def test_a_server_whose_admin_we_are_not_wants_no_policy():
    given_keys = MINIO | {
        "server": "credentials",
        "bucket": {"name": "kept", "ownership": "use"},
        "existingSecret": {"name": "vault"},
    }
    assert deployer.servers(settings(repositories={"default": {"minio": given_keys}})) == ()


INSIDE = MINIO | {"provisioner": {"image": "registry.example.com/argo-artifacts:1"}}


def test_where_a_job_provisions_the_deployer_makes_jobs_and_looks_at_their_pods():
    made = settings(repositories={"default": {"minio": INSIDE}})
    found = rights(deployer.cluster_role(made, plan(made))["rules"])
    assert {verb for group, resource, verb in found if (group, resource) == ("batch", "jobs")} == {
        *("create", "delete", "get", "list", "patch", "watch")
    }
    assert {verb for _, resource, verb in found if resource == "pods"} == {"get", "list", "watch"}
    assert not {resource for _, resource, _ in held(values())} & {"jobs", "pods"}


def test_where_a_job_provisions_the_admins_key_lists_users():
    made = settings(repositories={"default": {"minio": INSIDE}})
    (server,) = deployer.servers(made)
    (identities,) = {
        tuple(statement["Action"])
        for statement in deployer.minio_policy(made, server)["Statement"]
        if statement["Sid"] == "Identities"
    }
    assert "admin:ListUsers" in identities
    assert "admin:ListUsers" not in minio_rights()["Identities"][0]
