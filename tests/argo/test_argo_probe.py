"""Which repository a workflow gets and which configuration the controller takes.

The storage is made by hand, good and bad.
"""

from __future__ import annotations

import pytest
import yaml
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from . import hand_made
from .hand_made import entry


class TestVersion:
    def test_names_the_argo_release_that_answers(self, probe):
        answer = probe.run("version")
        assert (answer.code, answer["argo"]) == (0, "v4.0.5")


class TestResolve:
    def test_finds_the_repository_that_the_annotation_names(self, probe, platform):
        answer = probe.ask("resolve", "hand-a")
        assert answer.code == 0
        assert answer["found"] == {
            "namespace": "hand-a",
            "configMap": "artifact-repositories",
            "key": "default",
            "default": False,
        }
        assert answer["repository"] == entry(platform.minio_endpoint, "hand-a")

    def test_gives_a_namespace_without_repositories_the_controllers_empty_one(
        self, probe, namespace
    ):
        answer = probe.ask("resolve", namespace)
        assert (answer.code, answer["found"]["default"], answer["usable"]) == (1, True, False)
        assert answer["repository"] == {}

    def test_takes_the_controllers_repository_where_the_namespace_has_none(
        self, probe, platform, namespace, configuration
    ):
        ours = entry(platform.minio_endpoint, namespace)
        path = configuration({"artifactRepository": yaml.safe_dump(ours)})
        answer = probe.ask("resolve", namespace, "--controller-config-file", path)
        assert (answer.code, answer["found"]["default"]) == (0, True)
        assert answer["repository"] == ours

    @pytest.mark.parametrize("default", [None, "deafult"], ids=["no annotation", "missing key"])
    def test_skips_in_silence_a_config_map_whose_annotation_leads_nowhere(
        self, probe, platform, installation, namespace, default
    ):
        data = {"default": entry(platform.minio_endpoint, namespace)}
        hand_made.repositories(installation.client, namespace, data, default=default)
        answer = probe.ask("resolve", namespace)
        assert (answer.code, answer["found"]["default"], answer["usable"]) == (1, True, False)

    def test_never_falls_back_to_the_controller_when_the_workflow_names_a_repository(
        self, probe, platform, namespace, configuration
    ):
        ours = entry(platform.minio_endpoint, namespace)
        path = configuration({"artifactRepository": yaml.safe_dump(ours)})
        answer = probe.ask(
            "resolve", namespace, "--key", "default", "--controller-config-file", path
        )
        assert (answer.code, answer["found"]) == (1, None)
        assert "failed to find any artifact repository" in answer["error"]

    def test_reads_the_controllers_namespace_only_for_a_workflow_that_names_a_repository(
        self, probe, platform, installation, namespace
    ):
        data = {"shared": entry(platform.minio_endpoint, namespace)}
        client = installation.client
        hand_made.repositories(
            client, hand_made.CONTROLLER, data, default="shared", name=f"of-{namespace}"
        )
        named = probe.ask("resolve", namespace, "--config-map", f"of-{namespace}")
        assert (named.code, named["found"]["namespace"]) == (0, hand_made.CONTROLLER)
        hand_made.repositories(client, hand_made.CONTROLLER, data, default="shared")
        unnamed = probe.ask("resolve", namespace)
        client.delete(ConfigMap, "artifact-repositories", namespace=hand_made.CONTROLLER)
        assert (unnamed.code, unnamed["found"]["default"]) == (1, True)

    def test_ignores_in_silence_a_misspelt_field(self, probe, platform, installation, namespace):
        wrong = entry(platform.minio_endpoint, namespace, buckett="other")
        wrong = {**wrong, "archiveLog": True}
        hand_made.repositories(installation.client, namespace, {"a": wrong}, default="a")
        answer = probe.ask("resolve", namespace)
        assert answer.code == 0
        assert answer["repository"] == entry(platform.minio_endpoint, namespace)

    def test_calls_a_repository_unusable_whose_bucket_is_misspelt(
        self, probe, platform, installation, namespace
    ):
        wrong = entry(platform.minio_endpoint, namespace)
        wrong["s3"]["buckett"] = wrong["s3"].pop("bucket")
        hand_made.repositories(installation.client, namespace, {"a": wrong}, default="a")
        answer = probe.ask("resolve", namespace)
        assert (answer.code, answer["found"]["key"], answer["usable"]) == (1, "a", False)

    def test_stops_at_a_value_that_is_no_repository(self, probe, installation, namespace):
        hand_made.repositories(installation.client, namespace, {"a": "s3: [1]"}, default="a")
        answer = probe.ask("resolve", namespace)
        assert answer.code == 1
        assert 'failed to unmarshall config map key "a"' in answer["error"]


class TestControllerConfig:
    def test_takes_the_fields_of_the_configuration_as_keys(self, probe, configuration):
        path = configuration({"workflowDefaults": "spec: {serviceAccountName: workflow}\n"})
        answer = probe.run("controller-config", "--file", path)
        assert answer.code == 0
        spec = answer["config"]["workflowDefaults"]["spec"]
        assert spec["serviceAccountName"] == "workflow"

    def test_takes_the_whole_configuration_under_one_key(self, probe, configuration):
        path = configuration({"config": "artifactRepository: {archiveLogs: true}"})
        answer = probe.run("controller-config", "--file", path)
        assert answer["config"]["artifactRepository"] == {"archiveLogs": True}

    @pytest.mark.parametrize(
        ("data", "fault"),
        [
            ({"artifactRepository": "s3: {buckt: a}\n"}, 'unknown field "buckt"'),
            ({"config": "artifactRepositry: {}"}, 'unknown field "artifactRepositry"'),
            ({"workflowDefault": "spec: {}\n"}, 'unknown field "workflowDefault"'),
            ({"workflowDefaults": "spec: {}"}, "mapping values are not allowed in this context"),
            (
                {"config": "", "workflowDefaults": "spec: {}"},
                (
                    "if you have an item in your config map named 'config', "
                    "you must only have one item"
                ),
            ),
        ],
        ids=[
            "unknown field",
            "unknown field below config",
            "unknown key",
            "no newline at the end",
            "sibling of config",
        ],
    )
    def test_refuses_what_the_controller_would_not_start_with(
        self, probe, configuration, data, fault
    ):
        answer = probe.run("controller-config", "--file", configuration(data))
        assert answer.code == 1
        assert fault in answer["error"]
        assert "\n" not in answer["error"]

    def test_reads_the_live_configuration(self, probe, platform, installation):
        meta = ObjectMeta(name="live", namespace=hand_made.CONTROLLER)
        data = {"config": "parallelism: 7"}
        installation.client.create(ConfigMap(metadata=meta, data=data))
        live = ("controller-config", "--live", "--kubeconfig", platform.kubeconfig)
        live += ("--controller-namespace", hand_made.CONTROLLER)
        assert probe.run(*live, "--name", "live")["config"]["parallelism"] == 7
        absent = probe.run(*live, "--name", "absent")
        assert (absent.code, absent["error"]) == (1, 'configmaps "absent" not found')
