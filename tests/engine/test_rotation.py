"""Keys change with overlap, ConfigMaps and Secrets change in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.live import LiveCluster, LiveStore
    from tests.engine.stack import EngineStack, Outcome

NAME = "rota"
SPACE = "rota-team"
SECRET = f"{SPACE}/argo-artifacts-default"
CONFIG_MAP = f"{SPACE}/artifact-repositories"
STAGES = (
    {"live": [1], "publish": 1},
    {"live": [1, 2], "publish": 1},
    {"live": [1, 2], "publish": 2},
    {"live": [2], "publish": 2},
)


@dataclass
class Stage:
    """What stood after one `up` of the rotation."""

    outcome: Outcome
    users: set[str]
    secret: dict[str, str]
    secret_identity: tuple[str, str]
    config_map_identity: tuple[str, str]
    works: list[bool]
    """Whether each key that was ever published still opens the store, oldest first."""


@pytest.fixture(scope="module")
def stages(
    make_stack: Callable[[str], EngineStack], cluster: LiveCluster, store: LiveStore
) -> list[Stage]:
    stack = make_stack(NAME)
    published: list[dict[str, str]] = []
    found: list[Stage] = []
    for number, keys in enumerate(STAGES):
        repository = stack.repository(keys=keys) | {"archiveLogs": number == len(STAGES) - 1}
        stack.configure(repositories={"default": repository}, tenants={SPACE: {}})
        outcome = stack.up()
        secret = cluster.data("Secret", SECRET)
        if secret not in published:
            published.append(secret)
        found.append(
            Stage(
                outcome=outcome,
                users=store.users(f"{NAME}.{SPACE}."),
                secret=secret,
                secret_identity=cluster.identity("Secret", SECRET),
                config_map_identity=cluster.identity("ConfigMap", CONFIG_MAP),
                works=[store.may(key, stack.bucket, f"{NAME}/{SPACE}/") for key in published],
            )
        )
    return found


def numbers(users: set[str]) -> list[str]:
    """The key numbers in the users' names."""
    return sorted(user.split(".")[3] for user in users)


def test_a_new_key_lives_beside_the_old_one_before_anybody_sees_it(stages: list[Stage]):
    assert numbers(stages[0].users) == ["1"]
    assert numbers(stages[1].users) == ["1", "2"]
    assert stages[1].secret == stages[0].secret
    assert stages[1].secret_identity == stages[0].secret_identity
    assert {step.op for step in stages[1].outcome.steps} == {"create"}


def test_publishing_the_new_key_keeps_the_old_one_alive(stages: list[Stage]):
    assert stages[2].secret["accessKey"].split(".")[3] == "2"
    assert stages[2].secret["secretKey"] != stages[1].secret["secretKey"]
    assert stages[2].works == [True, True]
    assert stages[2].outcome.said == ["update Secret rota-team/argo-artifacts-default"]


def test_a_key_dies_when_it_leaves_live(stages: list[Stage]):
    assert numbers(stages[3].users) == ["2"]
    assert stages[3].works == [False, True]
    assert stages[3].secret == stages[2].secret


def test_the_secret_is_the_same_object_all_the_time(stages: list[Stage]):
    assert len({stage.secret_identity[0] for stage in stages}) == 1
    assert len({stage.secret_identity[1] for stage in stages}) == 2  # one update


def test_a_config_map_that_changes_is_the_same_object(stages: list[Stage]):
    assert len({stage.config_map_identity[0] for stage in stages}) == 1
    assert len({stage.config_map_identity[1] for stage in stages}) == 2
    assert "update ConfigMap rota-team/artifact-repositories" in stages[3].outcome.said


def test_no_stage_replaces_anything(stages: list[Stage]):
    assert {step.op for stage in stages for step in stage.outcome.steps} == {
        "create",
        "update",
        "delete",
    }
