"""docs/minio.md: its examples are valid, and every example of ours is in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.unit.config_files import ROOT, STACKS, faults_in
from tests.unit.test_config_rules import document

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs/minio.md"
TEXT = PAGE.read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_a_valid_repository(block):
    assert faults_in(document({"repositories": {"default": yaml.safe_load(block)}}), STACKS) == []


def test_there_is_a_block_for_each_server_that_the_stack_provisions():
    servers = [yaml.safe_load(block)["minio"].get("server", "external") for block in BLOCKS]
    assert servers == ["external", "helm"]


def test_every_example_is_linked():
    files = {f"../stacks/{file.name}" for file in STACKS.glob("Pulumi.minio-*.yaml")}
    assert files == {link for link, _ in LINK.findall(TEXT) if link.startswith("../stacks/")}


def test_every_link_leads_somewhere():
    assert broken_links(PAGE) == []


def broken_links(page: Path) -> list[tuple[str, str]]:
    """File and anchor of each link of *page* that leads nowhere; those of the web are not asked."""
    broken: list[tuple[str, str]] = []
    for file, anchor in LINK.findall(page.read_text()):
        target = page.parent / file if file else page
        if file.startswith("https:"):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            broken.append((file, anchor))
    return broken


def anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of the headings of *text*."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
