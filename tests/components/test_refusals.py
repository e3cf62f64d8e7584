"""What the program refuses before any resource, in one line for each fault."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING

import pytest

from argo_artifacts.config import ConfigError
from components import program
from tests.components.small import config, given, minio, stack
from tests.harness import SERVER, Stack, clear_text, deploy, revealed

if TYPE_CHECKING:
    from pathlib import Path


def refusal(stack: Stack) -> list[str]:
    """The lines with which the program refuses *stack*."""
    with pytest.raises(ConfigError) as caught:
        deploy(stack)
    return str(caught.value).splitlines()


def test_every_fault_of_the_file_is_said_in_one_run(kubeconfig: Path):
    broken = config(
        kubeconfig,
        argo={"version": "4.0.5", "controllerConfig": "mine"},
        repositories={"default": minio(endpoint="http://minio:9000")},
        tenants={"team-a": {"serviceAccounts": ["artifact-gc"]}, "team-b": {"retierd": True}},
    )
    lines = refusal(Stack(name="small", config=broken))
    starts = [line.partition(": ")[0] for line in lines]
    assert "argo-artifacts:argo.controllerConfig" in starts
    assert "argo-artifacts:repositories.default.minio.endpoint" in starts
    assert "argo-artifacts:tenants.team-b.retierd" in starts


def test_what_would_not_fit_is_refused_before_anybody_logs_in(kubeconfig: Path):
    s3 = {
        "bucket": {"name": "a-name-that-is-long", "accountRegional": True},
        "region": "eu-west-1",
        "isolation": "bucket",
        "identity": "podIdentity",
        "podIdentity": {"shape": "perTenant"},
    }
    broken = config(
        kubeconfig,
        cluster={"name": "prod", "kubeconfig": str(kubeconfig), "eks": {"name": "prod"}},
        aws={"account": "111122223333", "region": "eu-west-1"},
        repositories={"default": {"s3": s3}},
        tenants={"of-a-team-with-a-name": {}},
    )
    (line,) = refusal(Stack(name="small", config=broken))
    assert line.startswith(
        "argo-artifacts:repositories.default.s3.bucket.name: 67 characters of name of a bucket on"
        " S3 (a-name-that-is-long-of-a-team-with-a-name-111122223333-eu-west-1-an), at most 63"
    )


def test_a_secret_that_is_not_set_is_named_with_the_command_that_sets_it(kubeconfig: Path):
    made = stack(kubeconfig)
    half = {"minioAccessKey": made.secrets["minioAccessKey"]}
    (line,) = refusal(Stack(name="small", config=made.config, secrets=half))
    assert line == (
        "argo-artifacts:minioSecretKey: missing, a secret is required; set it with"
        " `pulumi config set --secret minioSecretKey`"
    )


def test_a_secret_in_plain_text_is_refused_and_not_repeated(kubeconfig: Path):
    made = stack(kubeconfig)
    plain = {**made.config, "minioSecretKey": "do-not-print-me"}
    half = {"minioAccessKey": made.secrets["minioAccessKey"]}
    (line,) = refusal(Stack(name="small", config=plain, secrets=half))
    assert line == (
        "argo-artifacts:minioSecretKey: plain text, a secret is accepted; set it again with"
        " `pulumi config set --secret minioSecretKey`"
    )


def test_each_given_key_must_be_set(kubeconfig: Path):
    made = stack(kubeconfig, repositories={"default": given()})
    lines = refusal(Stack(name="small", config=made.config))
    assert [line.partition(":")[2].partition(":")[0] for line in lines] == [
        "sharedAccessKey",
        "sharedSecretKey",
    ]


def test_a_structured_key_that_is_a_secret_is_refused(kubeconfig: Path):
    made = stack(kubeconfig)
    without = {key: value for key, value in made.config.items() if key != "tenants"}
    hidden = {**made.secrets, "tenants": '{"team-a": {}}'}
    assert refusal(Stack(name="small", config=without, secrets=hidden)) == [
        "argo-artifacts:tenants: a secret, a plain value is accepted"
    ]


def test_a_kubeconfig_that_leads_elsewhere_is_refused(kubeconfig: Path):
    made = stack(kubeconfig)
    changed = copy.deepcopy(dict(made.config))
    changed["cluster"]["server"] = "https://10.0.0.1:6443"
    (line,) = refusal(Stack(name="small", config=changed, secrets=made.secrets))
    assert line == (
        f"argo-artifacts:cluster.server: the kubeconfig leads to {SERVER},"
        " https://10.0.0.1:6443 is accepted"
    )


@pytest.mark.parametrize("text", ["", "no: [yaml", "[]", "clusters: 3", "a: b"])
def test_a_file_that_is_no_kubeconfig_is_one_line(kubeconfig: Path, text):
    made = stack(kubeconfig)
    kubeconfig.write_text(text)
    (line,) = refusal(made)
    assert line.startswith("argo-artifacts:cluster.kubeconfig: ")


def test_a_missing_kubeconfig_and_a_missing_context_are_one_line_each(kubeconfig: Path):
    made = stack(kubeconfig)
    for change in ({"kubeconfig": str(kubeconfig.parent / "none")}, {"context": "other"}):
        changed = copy.deepcopy(dict(made.config))
        changed["cluster"] |= change
        (line,) = refusal(Stack(name="small", config=changed, secrets=made.secrets))
        assert line.startswith("argo-artifacts:cluster.kubeconfig: ")


def test_a_secret_kubeconfig_serves_like_a_file_and_its_text_is_never_said(kubeconfig: Path):
    made = stack(kubeconfig)
    changed = copy.deepcopy(dict(made.config))
    del changed["cluster"]["kubeconfig"]
    good = {**made.secrets, "kubeconfig": kubeconfig.read_text()}
    run = deploy(Stack(name="small", config=changed, secrets=good))
    (provider,) = run.all("kubernetes")
    assert revealed(provider.inputs)["kubeconfig"] == kubeconfig.read_text()
    assert not any("token: mock" in text for text in clear_text(provider.inputs))
    bad = {**made.secrets, "kubeconfig": "do-not-print-me: [1]"}
    (line,) = refusal(Stack(name="small", config=changed, secrets=bad))
    assert "do-not-print-me" not in line


def test_the_program_says_the_faults_alone_and_ends_as_one_who_has_said_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def refuse() -> None:
        raise ConfigError(["one: fault", "two: faults"])

    monkeypatch.setattr(program, "declare", refuse)
    monkeypatch.setattr("pulumi.log.error", logging.getLogger().error)
    with pytest.raises(SystemExit) as caught:
        program.run()
    assert caught.value.code == 32  # the language host adds nothing to what was said
    assert caplog.messages == ["one: fault\ntwo: faults"]
