"""docs/aws.md: its lines stand in the examples, every example is in it, its figures are today's."""

from __future__ import annotations

import re

import pytest
import yaml

from argo_artifacts.cli import main
from argo_artifacts.config.backends.s3 import S3
from tests.unit import aws_growth
from tests.unit.aws_stacks import EXAMPLES
from tests.unit.config_files import ROOT
from tests.unit.test_minio_docs import broken_links

PAGE = aws_growth.PAGE
TEXT = PAGE.read_text()
SECTIONS = re.findall(
    r"\[`(aws-[a-z-]+)`\]\(([^)]+)\)[^`]*(?:`[^`]*`[^`]*)*?```yaml\n(.*?)```", TEXT, re.DOTALL
)


def within(part: object, whole: object) -> bool:
    """Whether all of *part* stands in *whole*."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and within(value, whole[key]) for key, value in part.items()
        )
    return part == whole


@pytest.mark.parametrize(("name", "link", "block"), SECTIONS, ids=[name for name, *_ in SECTIONS])
def test_the_lines_of_an_identity_stand_in_its_example(name, link, block):
    file = PAGE.parent / link
    assert file.name == f"Pulumi.{name}.yaml"
    lines = yaml.safe_load(block)
    assert "s3" in lines["argo-artifacts:repositories"]["default"]
    assert within(lines, yaml.safe_load(file.read_text())["config"])


def test_every_example_has_its_lines():
    linked = {(PAGE.parent / link).resolve() for _, link, _ in SECTIONS}
    assert linked == {file.resolve() for file in EXAMPLES}
    assert TEXT.count("```yaml") == len(EXAMPLES)


def test_every_link_leads_somewhere():
    assert broken_links(PAGE) == []


def test_the_growth_is_todays():
    assert aws_growth.block().count("\n") == 10
    assert aws_growth.page(TEXT) == TEXT


def test_what_the_page_says_of_growth():
    shared, irsa = "`podIdentity` shared", "`irsa`"
    few, many = (aws_growth.cost(shared, n) for n in (aws_growth.FEW, aws_growth.MANY))
    assert (few["roles"], few["policies"]) == (many["roles"], many["policies"])
    assert aws_growth.cost(irsa, aws_growth.MANY)["roles"] == 2 * aws_growth.MANY + 1


HOSTS = {
    "s3.eu-west-1.amazonaws.com": {"region": "eu-west-1"},
    "s3.cn-north-1.amazonaws.com.cn": {"region": "cn-north-1"},
    "s3.us-gov-west-1.amazonaws.com": {"region": "us-gov-west-1"},
    "s3.eusc-de-east-1.amazonaws.eu": {"region": "eusc-de-east-1"},
    "s3.dualstack.eu-west-1.amazonaws.com": {"region": "eu-west-1", "hosts": "dualStack"},
    "s3-fips.us-east-1.amazonaws.com": {"region": "us-east-1", "hosts": "fips"},
    "bucket.vpce-0a1b2c3d-4e5f6g7h.s3.eu-west-1.vpce.amazonaws.com": {
        "region": "eu-west-1",
        "vpcEndpoint": "vpce-0a1b2c3d-4e5f6g7h",
    },
}


def test_the_hosts_are_those_of_the_entries():
    said = {
        host
        for host in re.findall(r"`([^`\s]+)`", TEXT)
        if host.startswith(("s3", "bucket.v")) and "." in host
    }
    assert said == {*HOSTS}
    for host, settings in HOSTS.items():
        model = {"bucket": {"name": "acme-artifacts"}, "identity": "irsa"} | settings
        assert S3.model_validate(model).host == host


COMMANDS = re.findall(r"^\.venv/bin/argo-artifacts (.+)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_runs_as_written(command, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", ["argo-artifacts", *command.split()])
    with pytest.raises(SystemExit) as end:
        main()
    said = capsys.readouterr()
    assert end.value.code == 0, said.err
    assert "acme-argo-artifacts" in said.out or ": fine, " in said.out


def test_the_page_has_commands():
    assert len(COMMANDS) == 3
