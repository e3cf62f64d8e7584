"""What others made is refused in the preview, taken over when told to, or left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from minio.commonconfig import ENABLED, Filter
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.versioningconfig import VersioningConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.live import LiveCluster, LiveObject, LiveStore
    from tests.engine.stack import EngineStack, Outcome

OURS = {"annotations": {"argo-artifacts/owner": "argo-artifacts/owned"}}
THEIRS = {"annotations": {"argo-artifacts/owner": "argo-artifacts/theirs"}}
NO_RIGHTS = {"kind": "Role", "name": "nothing", "apiGroup": "rbac.authorization.k8s.io"}

FOREIGN = {
    "owned-a": ("Namespace", "owned-a", {}),
    "owned-b": ("ServiceAccount", "owned-b/workflow", {}),
    "owned-c": ("Secret", "owned-c/argo-artifacts-default", {"data": {"accessKey": "dGhlaXJz"}}),
    "owned-d": ("ConfigMap", "owned-d/artifact-repositories", {"data": {"default": "theirs"}}),
    "owned-e": ("Role", "owned-e/argo-executor", {}),
    "owned-f": ("RoleBinding", "owned-f/argo-artifact-gc", {"roleRef": NO_RIGHTS}),
}
"""By tenant, the one object that somebody else made there."""


@dataclass
class Refusal:
    """A run over foreign objects, which ends in its preview."""

    outcome: Outcome
    before: dict[str, tuple[str, str]]
    after: dict[str, tuple[str, str]]
    marked: set[str]
    state: set[str]
    objects: set[str]
    """Keys in the foreign bucket afterwards."""


@pytest.fixture(scope="module")
def refusal(
    make_stack: Callable[[str], EngineStack], cluster: LiveCluster, store: LiveStore
) -> Refusal:
    stack = make_stack("owned")
    for tenant, (kind, place, fields) in FOREIGN.items():
        if kind != "Namespace":
            cluster.make("Namespace", tenant, metadata=OURS)
        cluster.make(kind, place, **fields)
    cluster.make("Namespace", "owned-g", metadata=THEIRS)
    store.objects.make_bucket(bucket_name=stack.bucket)
    store.put(stack.bucket, "theirs")
    places = [(kind, place) for kind, place, _ in FOREIGN.values()] + [("Namespace", "owned-g")]

    def identities() -> dict[str, tuple[str, str]]:
        return {place: cluster.identity(kind, place) for kind, place in places}

    before = identities()
    # What depends on the refused bucket is not looked at: so one tenant keeps off it.
    repositories = {"default": stack.repository(), "keys": stack.given()}
    tenants = {tenant: {} for tenant in [*FOREIGN, "owned-g"]}
    tenants["owned-d"] = {"repositories": ["keys"]}
    stack.configure(repositories=repositories, tenants=tenants)
    outcome = stack.up_after_preview(fails=True)
    return Refusal(
        outcome=outcome,
        before=before,
        after=identities(),
        marked=cluster.marked(stack.owner),
        state=stack.urns(),
        objects=store.keys(stack.bucket),
    )


@pytest.mark.parametrize("tenant", FOREIGN)
def test_a_foreign_object_is_refused_in_the_preview(refusal: Refusal, tenant):
    kind, place, _ = FOREIGN[tenant]
    (line,) = [line for line in refusal.outcome.errors if f": {kind} {place}: " in line]
    assert ": exists without a mark, none or one marked argo-artifacts/owned is accepted; " in line
    assert refusal.after[place] == refusal.before[place]


def test_a_foreign_bucket_is_refused_in_the_preview(refusal: Refusal):
    (line,) = [line for line in refusal.outcome.errors if "bucket owned-artifacts" in line]
    assert "exists without a mark" in line
    assert "ownership: adopt" in line
    assert refusal.objects == {"theirs"}


def test_what_another_stack_of_ours_owns_is_refused_with_its_name(refusal: Refusal):
    (line,) = [line for line in refusal.outcome.errors if ": Namespace owned-g: " in line]
    assert ": belongs to argo-artifacts/theirs, " in line
    assert refusal.after["owned-g"] == refusal.before["owned-g"]


def test_a_refused_preview_changes_nothing(refusal: Refusal):
    assert "Updating (owned)" not in refusal.outcome.text
    assert refusal.state == set()
    assert refusal.marked == {f"Namespace owned-{letter}" for letter in "bcdef"}


SECRETS_OF_OTHERS = {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "theirs"}}}
LABELLED = {"metadata": {"labels": {"team": "theirs"}, "annotations": {"contact": "theirs"}}}


@dataclass
class Adoption:
    """A tenant on adopted objects, one on used ones, and a bucket that was there before."""

    used_before: list[tuple[str, str]]
    used_with: list[tuple[str, str]]
    """Identities of the used objects before and with the tenant."""

    adopted_before: list[str]
    adopted_after: list[str]
    """Identities of the adopted objects before and after the tenant."""

    namespace: LiveObject
    account: LiveObject
    """As they are while the tenant uses them."""

    config_map: dict[str, str]
    """The handed-over ConfigMap, while the tenant uses it."""

    again: Outcome
    removed: Outcome
    namespace_after: LiveObject
    account_after: LiveObject
    versioning: list[str | None]
    """Of the bucket: before, with the stack, after the destroy."""

    rules: list[set[str]]
    """Names of the bucket's lifecycle rules, at the same moments."""

    objects: set[str]


@pytest.fixture(scope="module")
def adoption(
    make_stack: Callable[[str], EngineStack], cluster: LiveCluster, store: LiveStore
) -> Adoption:
    stack = make_stack("adopt")
    adopted = [("Namespace", "adopt-in"), ("ServiceAccount", "adopt-in/workflow")]
    used = [("Namespace", "adopt-use"), ("ServiceAccount", "adopt-use/workflow")]
    for kind, place in (*adopted, *used):
        cluster.make(kind, place, **(LABELLED if kind == "Namespace" else SECRETS_OF_OTHERS))
    handed_over = {"annotations": {"argo-artifacts/owner": stack.owner}}
    theirs = {"default": "old", "models": "theirs"}
    cluster.make("ConfigMap", "adopt-in/artifact-repositories", metadata=handed_over, data=theirs)
    _foreign_bucket(store, stack.bucket)
    versioning, rules = [_versioning(store, stack.bucket)], [_rules(store, stack.bucket)]
    used_before = [cluster.identity(*one) for one in used]
    adopted_before = [cluster.identity(*one)[0] for one in adopted]

    bucket = {"name": stack.bucket, "ownership": "adopt"}
    repository = stack.repository(bucket=bucket, lifecycle={"expireDays": 30})
    tenants = {
        "adopt-in": {"namespace": {"ownership": "adopt"}, "serviceAccountOwnership": "adopt"},
        "adopt-use": {"namespace": {"ownership": "use"}, "serviceAccountOwnership": "use"},
    }
    stack.configure(repositories={"default": repository}, tenants=tenants)
    stack.up()
    versioning.append(_versioning(store, stack.bucket))
    rules.append(_rules(store, stack.bucket))
    namespace, account = (cluster.get(*one) for one in adopted)
    config_map = cluster.data("ConfigMap", "adopt-in/artifact-repositories")
    used_with = [cluster.identity(*one) for one in used]
    again = stack.up("--expect-no-changes")

    stack.configure(repositories={"default": repository}, tenants={})
    removed = stack.up()
    namespace_after, account_after = (cluster.get(*one) for one in adopted)
    stack.destroy()
    versioning.append(_versioning(store, stack.bucket))
    rules.append(_rules(store, stack.bucket))
    return Adoption(
        used_before=used_before,
        used_with=used_with,
        adopted_before=adopted_before,
        adopted_after=[cluster.identity(*one)[0] for one in adopted],
        namespace=namespace,
        account=account,
        config_map=config_map,
        again=again,
        removed=removed,
        namespace_after=namespace_after,
        account_after=account_after,
        versioning=versioning,
        rules=rules,
        objects=store.keys(stack.bucket),
    )


def _foreign_bucket(store: LiveStore, name: str) -> None:
    store.objects.make_bucket(bucket_name=name)
    store.objects.set_bucket_versioning(bucket_name=name, config=VersioningConfig(ENABLED))
    rule = Rule(
        status=ENABLED,
        rule_filter=Filter(prefix="theirs/"),
        rule_id="theirs",
        expiration=Expiration(days=5),
    )
    store.objects.set_bucket_lifecycle(bucket_name=name, config=LifecycleConfig([rule]))
    store.put(name, "theirs/object")


def _versioning(store: LiveStore, name: str) -> str | None:
    return store.objects.get_bucket_versioning(bucket_name=name).status


def _rules(store: LiveStore, name: str) -> set[str]:
    found = store.objects.get_bucket_lifecycle(bucket_name=name)
    return {rule.rule_id for rule in found.rules} if found else set()


def test_what_is_used_is_not_touched(adoption: Adoption):
    assert adoption.used_with == adoption.used_before


def test_what_is_adopted_keeps_its_own_keys_beside_our_mark(adoption: Adoption):
    assert adoption.namespace.metadata.labels["team"] == "theirs"
    annotations = adoption.namespace.metadata.annotations
    assert annotations["contact"] == "theirs"
    assert annotations["argo-artifacts/owner"] == "argo-artifacts/adopt"
    annotations = adoption.account.metadata.annotations
    assert annotations["eks.amazonaws.com/role-arn"] == "theirs"
    assert annotations["argo-artifacts/owner"] == "argo-artifacts/adopt"


def test_a_handed_over_config_map_keeps_the_keys_that_are_not_ours(adoption: Adoption):
    assert adoption.config_map["models"] == "theirs"
    assert "bucket: adopt-artifacts" in adoption.config_map["default"]


def test_an_adoption_settles(adoption: Adoption):
    assert adoption.again.steps == []


def test_what_was_adopted_survives_the_tenant(adoption: Adoption):
    assert adoption.adopted_after == adoption.adopted_before
    assert adoption.namespace_after.metadata.labels["team"] == "theirs"
    assert adoption.account_after.metadata.annotations["eks.amazonaws.com/role-arn"] == "theirs"
    assert "delete Secret adopt-in/argo-artifacts-default" in adoption.removed.said


def test_an_adopted_bucket_keeps_its_settings_and_objects(adoption: Adoption):
    assert adoption.versioning == ["Enabled"] * 3
    assert adoption.rules == [{"theirs"}, {"theirs", "argo-artifacts/expire"}, {"theirs"}]
    assert adoption.objects == {"theirs/object"}
