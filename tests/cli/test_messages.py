"""What every command says when something is not as it should be, and what it never says."""

from __future__ import annotations

import os
import sys

import pytest
import sqlalchemy as sa

from tests.cli.shop import MAPPINGS

PASSWORD = "p@ss:w/rd-of-nobody"
VALUE = "s3cret@example.com"
COMMANDS = (
    "check",
    "plan",
    "backfill",
    "status",
    "rejects list",
    "rejects retry",
    "rejects export",
    "grants",
    "upgrade",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unset_variable_is_named_with_an_example(shop, monkeypatch, command):
    one = shop()
    monkeypatch.delenv("CHANGEOVER_NEW_URL")
    ended = one.run(*command.split())
    assert ended.code == 2
    assert "CHANGEOVER_NEW_URL is not set" in ended.err
    assert (
        "CHANGEOVER_NEW_URL=postgresql+psycopg://user:password@new-db.example.com:5432/service" in ended.err
    )
    assert "Traceback" not in ended.err


def test_all_unset_variables_are_named_at_once(shop, monkeypatch):
    one = shop()
    monkeypatch.delenv("CHANGEOVER_NEW_URL")
    monkeypatch.delenv("CHANGEOVER_OLD_SHOP_URL")
    ended = one.run("plan", "--json")
    assert ended.code == 2
    message = ended.document["error"]["message"]
    assert "CHANGEOVER_OLD_SHOP_URL=mysql+pymysql://user:password@old-db.example.com:3306/shop" in message
    assert "CHANGEOVER_NEW_URL=" in message


@pytest.mark.parametrize("kind", ["mariadb", "postgres"])
@pytest.mark.parametrize("command", ["check", "plan", "backfill", "status", "upgrade"])
def test_a_refused_password_is_never_shown_not_even_in_a_traceback(shop, monkeypatch, kind, command):
    one = shop(new=kind)
    wrong = sa.make_url(one.new_url).set(password=PASSWORD).render_as_string(hide_password=False)
    monkeypatch.setenv("CHANGEOVER_NEW_URL", wrong)
    for words in ([command], [command, "--json"], [command, "--debug"]):
        ended = one.run(*words)
        assert ended.code == 2
        said = ended.out + ended.err
        assert "can't be reached" in said
        assert "CHANGEOVER_NEW_URL" in said
        assert all(part not in said for part in (PASSWORD, "p%40ss", "w/rd", "w%2Frd"))


@pytest.mark.parametrize(
    "url",
    [
        f"mysql+pymysql://me:{PASSWORD}@localhost/new",
        "mysql+pymysql://me:s3cr3t-word@localhost:port/new",
        "mysql+pymysql:/me:s3cr3t-word@localhost/new",
        "oracle://me:s3cr3t-word@localhost/new",
        "mysql+mysqldb://me:s3cr3t-word@localhost/new",
        "postgresql+psycopg://me:s3cr3t-word@localhost",
    ],
)
def test_a_url_that_can_not_be_used_is_explained_without_being_repeated(shop, monkeypatch, url):
    one = shop()
    monkeypatch.setenv("CHANGEOVER_NEW_URL", url)
    ended = one.run("status")
    assert ended.code == 2
    assert "CHANGEOVER_NEW_URL" in ended.err
    assert all(part not in ended.err for part in ("s3cr3t", "p@ss", "w/rd"))


def test_a_server_that_is_not_there_is_named_with_its_variable(shop, monkeypatch):
    one = shop()
    monkeypatch.setenv("CHANGEOVER_OLD_SHOP_URL", "mysql+pymysql://me:s3cr3t-word@127.0.0.1:1/shop")
    ended = one.run("plan")
    assert ended.code == 2
    assert "CHANGEOVER_OLD_SHOP_URL" in ended.err
    assert "s3cr3t" not in ended.err


def test_the_env_file_of_the_folder_is_read_and_the_environment_wins(shop, monkeypatch):
    one = shop()
    for name in one.environment:
        monkeypatch.delenv(name)
    monkeypatch.delenv("PYTHON_DOTENV_DISABLED")
    (one.folder / ".env").write_text("".join(f"{name}={url}\n" for name, url in one.environment.items()))
    one.environment.clear()
    assert one.end(one.start("upgrade")).code == 0
    (one.folder / "deeper").mkdir()
    one.folder /= "deeper"
    assert one.end(one.start("plan")).code == 0, "a folder below finds it too"
    one.environment["CHANGEOVER_NEW_URL"] = "sqlite:////nowhere/at/all.db"
    assert one.end(one.start("plan")).code == 2


def test_mappings_are_found_from_a_folder_below_and_by_option(shop, monkeypatch):
    one = shop()
    one.run("upgrade")
    (one.folder / "deeper").mkdir()
    monkeypatch.chdir(one.folder / "deeper")
    assert one.run("plan").code == 0
    (one.folder / "pyproject.toml").write_text("")
    nothing = one.run("plan")
    assert nothing.code == 2
    assert "[tool.changeover]" in nothing.err
    assert "--mappings" in nothing.err
    assert one.run("plan", "--mappings", f"../{one.package}").code == 0
    monkeypatch.chdir(one.folder)
    assert one.run("plan", "--mappings", one.package).code == 0
    for name in ("nobodys_moves", "nobodys.other.moves"):
        unknown = one.run("plan", "--mappings", name)
        assert unknown.code == 2
        assert f"{name!r} can't be imported" in unknown.err


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("import nobodys_library\n", "ModuleNotFoundError: No module named 'nobodys_library'"),
        ("products = = 1\n", "SyntaxError"),
        ("products.nothing()\n", "NameError"),
        ("raise SystemExit(3)\n", "SystemExit"),
    ],
)
def test_a_mistake_in_a_mappings_module_is_named_with_file_and_line(shop, wrong, said):
    one = shop()
    file = one.write_mappings(f"# a comment\n{wrong}{MAPPINGS}")
    ended = one.run("plan")
    assert ended.code == 2
    assert f"{file.relative_to(one.folder)}:2: " in ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert "Traceback" in one.run("plan", "--debug").err


def test_every_command_explains_itself_with_examples(shop):
    one = shop()
    assert one.run("--version").out.startswith("changeover ")
    top = one.run("--help").out
    for command in COMMANDS:
        words = command.split()
        assert words[0] in top
        ended = one.run(*words, "--help")
        assert ended.code == 0
        assert command.startswith("rejects ") or f"changeover {command}" in ended.out.split("Examples:")[1]
    assert "Examples:" in one.run("rejects", "--help").out


def test_an_unknown_command_or_option_is_a_usage_error(shop):
    one = shop()
    assert one.run("backfil").code == 2
    assert one.run("plan", "--rowz", "1").code == 2
    assert one.run("plan", "--rows", "0").code == 2


def test_an_unexpected_error_is_one_message_without_values_and_a_code_of_its_own(shop):
    one = shop()
    one.run("upgrade")
    one.execute("ALTER TABLE changeover_mapping RENAME COLUMN name TO nom", new=True)
    ended = one.run("status", "--json")
    assert ended.code == 3
    assert ended.document["error"]["kind"] == "OperationalError"
    assert "--debug" in ended.err
    assert "Traceback" not in ended.err


def test_an_unexpected_error_shows_its_place_and_not_its_text(shop, monkeypatch):
    one = shop()
    one.run("upgrade")

    def fails(*_, **__):
        raise ValueError(f"invalid literal: {VALUE!r}")

    monkeypatch.setattr("changeover.planning.last_key", fails)
    ended = one.run("plan", "--json")
    assert ended.code == 3
    assert "ValueError: raised in tests/cli/test_messages.py:" in ended.document["error"]["message"]
    assert "s3cret" not in ended.out + ended.err
    assert "s3cret" in one.run("plan", "--debug").err


def test_a_range_s_unexpected_error_is_logged_without_its_text(shop, monkeypatch, caplog):
    one = shop()
    one.run("upgrade")

    def fails(*_, **__):
        raise ValueError(f"invalid literal: {VALUE!r}")

    monkeypatch.setattr(sys.modules["changeover.transfer.backfill"], "apply", fails)
    ended = one.run("backfill")
    assert ended.code == 1
    assert "unexpected ValueError" in ended.out
    assert "in fails" in caplog.text
    assert "s3cret@" not in ended.out + ended.err + caplog.text


@pytest.mark.parametrize("driver", ["postgresql", "mysql"])
def test_a_url_is_shown_without_what_may_be_a_secret(shop, monkeypatch, driver):
    one = shop()
    monkeypatch.setenv("CHANGEOVER_OLD_SHOP_URL", f"{driver}://127.0.0.1:1/db?user=bob&password=s3cret")
    ended = one.run("plan")
    assert ended.code == 2
    assert "://127.0.0.1:1/db) can't be reached" in ended.err
    assert "s3cret" not in ended.err
    assert "bob" not in ended.err


@pytest.mark.parametrize("words", [["status", "--json"], ["status"], ["rejects", "export"]])
def test_a_closed_pipe_ends_the_program_quietly_with_a_code_of_its_own(shop, words):
    one = shop()
    one.soil(7)
    one.run("upgrade")
    one.run("backfill")
    reading, writing = os.pipe()
    os.close(reading)
    process = one.start(*words, out=writing)
    os.close(writing)
    ended = one.end(process)
    assert (ended.code, "Traceback" in ended.err, "Exception" in ended.err) == (141, False, False)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_that_lacks_characters_is_no_error(shop, encoding):
    one = shop()
    one.write_mappings(MAPPINGS.replace('"category",', '"category",', 1))
    one.execute("UPDATE tb_product SET goods_nm = '상품', state = '판매중' WHERE goods_no = 7")
    one.environment["PYTHONIOENCODING"] = encoding
    one.environment["COLUMNS"] = "60"  # so narrow that a cell is cut
    assert one.end(one.start("check")).code == 0
    assert one.end(one.start("upgrade")).code == 0
    assert one.end(one.start("backfill")).code == 1
    assert one.end(one.start("rejects", "--values")).code == 1
    assert one.end(one.start("rejects", "--values", "--json")).document["rejects"][0]["value"] == "판매중"
    for form in ("csv", "jsonl"):
        ended = one.end(one.start("rejects", "export", "--values", "--format", form))
        assert ended.code == 0
        assert "판매중" in ended.out.encode().decode("utf-8") or "\\ud310" in ended.out
    assert one.end(one.start("--help")).code == 0


def test_an_env_file_that_is_not_utf_8_is_named(shop, monkeypatch):
    one = shop()
    monkeypatch.delenv("PYTHON_DOTENV_DISABLED")
    (one.folder / ".env").write_bytes("X=été\n".encode("latin-1"))
    ended = one.end(one.start("status", "--json"))
    assert ended.code == 2
    assert ".env can't be read: it is not UTF-8" in ended.document["error"]["message"]
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "--rowz", "1", "--json"],
        ["plan", "--json", "--rows", "0"],
        ["backfil", "--json"],
        ["--nothing", "--json"],
        ["rejects", "retry", "--kind", "nonsense", "--json"],
        ["rejects", "close", "--json"],
    ],
)
def test_a_wrong_word_is_a_document_too(shop, words):
    ended = shop().run(*words)
    assert ended.code == 2
    assert ended.document["ok"] is False
    assert ended.document["error"]["message"]
    assert "Usage" in ended.err
