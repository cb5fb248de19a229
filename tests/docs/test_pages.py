"""The documentation against the code, and the checks that hold it there."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import changeover.mapping
from changeover.ledger import metadata
from docs.pages.code import unparsable
from docs.pages.links import anchors, broken_links
from docs.pages.page import ROOT, Page, pages
from docs.pages.parts import about, filled, outdated

REFERENCE = ROOT / "docs" / "reference"


def test_every_link_of_the_project_leads_somewhere() -> None:
    assert list(broken_links(pages())) == []


def test_every_block_of_code_can_be_read() -> None:
    assert list(unparsable(pages())) == []


def test_generated_parts_are_what_the_code_says() -> None:
    assert list(outdated(pages())) == []


def test_every_public_name_of_the_mapping_is_documented() -> None:
    page = Page(REFERENCE / "mapping.md")
    documented = about(page, "api") | about(page, "api-table")
    assert documented == set(changeover.mapping.__all__)


def test_every_command_is_documented() -> None:
    listed = subprocess.run(
        [ROOT / ".venv/bin/changeover", "--help"], capture_output=True, text=True, check=True
    ).stdout
    commands = set(re.findall(r"^│ (\w+)  ", listed, re.MULTILINE)) - {"Commands"}
    assert commands
    assert commands <= about(Page(REFERENCE / "cli.md"), "command")


def test_every_control_table_is_documented() -> None:
    assert about(Page(REFERENCE / "ledger.md"), "control-table") == set(metadata.tables)


def test_every_variable_that_the_code_reads_is_documented() -> None:
    read: set[str] = set()
    for room in ("changeover", "resources", "assets", "pipelines", "migrations"):
        for file in (ROOT / room).rglob("*.py"):
            strings = (n.value for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Constant))
            read |= {s for s in strings if isinstance(s, str) and re.fullmatch(r"CHANGEOVER_[A-Z_]+[A-Z]", s)}
    assert "CHANGEOVER_NEW_URL" in read
    settings = (REFERENCE / "settings.md").read_text()
    assert [name for name in read if f"`{name}`" not in settings] == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# A heading, with `code`\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md#a-heading-with-code) [b](gone.md) [c](there.md#no)\n```\n[d](no.md)\n```\n![e](e.png)\n"
    )
    found = [line.split(": link ")[1].split(":")[0] for line in broken_links([Page(page)])]
    assert found == ["gone.md", "there.md#no", "e.png"]


def test_headings_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# Two\n## Two\n")
    assert anchors(Page(tmp_path / "page.md")) == {"two", "two-1"}


def test_code_that_is_none_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nx = (\n```\n\n```json\n{}\n```\n\n```sh\nif\n```\n\n```pyhton\nx\n```\n")
    assert [line.split(":")[1] for line in unparsable([Page(page)])] == ["1", "9", "13"]


def test_a_generated_part_that_was_edited_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- generated: api Keep -->\nedited\n<!-- end -->\nafter\n")
    assert len(list(outdated([Page(page)]))) == 1
    page.write_text(filled(page.read_text()))
    assert list(outdated([Page(page)])) == []
    assert page.read_text().startswith("before\n")
    assert page.read_text().endswith("after\n")
