"""The tutorial, followed to the letter."""

from __future__ import annotations

import pytest

from docs.pages.page import ROOT, Page
from pipelines.graphql import GraphQL
from pipelines.launch import PLAN, _ended, _launch_job
from tests.docs.shell import Shell

TUTORIAL = Page(ROOT / "docs" / "tutorial" / "move-your-first-table.md")


@pytest.mark.timeout(900)
def test_whoever_follows_the_tutorial_sees_what_it_shows(shell: Shell) -> None:
    for block in TUTORIAL.blocks:
        if block.word("file"):
            shell.write(block)
        elif block.language == "text":
            shell.compare(block)
        elif "serve" in block.words:
            with shell.serve(block) as address:
                _the_ui_shows_what_the_command_line_did(address)
        elif "setup" not in block.words:
            shell.run(block)
    assert len(shell.ran) > 10


def _the_ui_shows_what_the_command_line_did(address: str) -> None:
    server = GraphQL(address)
    repository = server.repository(120)
    run = _ended(server, _launch_job(server, repository, PLAN), lambda _: None, 1.0)
    assert run.state == "SUCCESS"
    nodes = server.ask(
        "{ assetNodes { assetKey { path } groupName partitionKeys partitionStats { numMaterialized } } }"
    )["assetNodes"]
    found = {"/".join(node["assetKey"]["path"]): node for node in nodes}
    assert found["new/book"]["groupName"] == "library"
    assert found["new/book"]["partitionKeys"] == ["0000000000-0000000008"]
    assert found["new/book"]["partitionStats"]["numMaterialized"] == 1
    assert "old/library/tb_book" in found
