"""Settings: which variable is whose, and what is masked."""

from __future__ import annotations

import pytest

from changeover.errors import ConfigurationError
from changeover.settings import Settings, mappings_package, mask, old_databases, old_variable

NEW = "postgresql+psycopg://me:secret@db/new"


def test_a_databases_variable_is_its_name_in_capitals():
    assert old_variable("shop") == "CHANGEOVER_OLD_SHOP_URL"
    assert old_variable("my-shop.eu") == "CHANGEOVER_OLD_MY_SHOP_EU_URL"


def test_without_names_every_database_of_the_environment_is_taken(monkeypatch):
    monkeypatch.setenv("CHANGEOVER_NEW_URL", NEW)
    monkeypatch.setenv("CHANGEOVER_OLD_SHOP_URL", "sqlite:////shop.db")
    monkeypatch.setenv("CHANGEOVER_OLD_BIG_BLOG_URL", "mysql://me@db/blog")
    assert old_databases() == ["big_blog", "shop"]
    settings = Settings.from_environment("moves")
    assert {name: url.drivername for name, url in settings.old_urls.items()} == {
        "big_blog": "mysql+pymysql",
        "shop": "sqlite",
    }
    assert "secret" not in repr(settings)


def test_only_the_databases_that_are_asked_for_have_to_be_there(monkeypatch):
    monkeypatch.setenv("CHANGEOVER_NEW_URL", NEW)
    monkeypatch.setenv("CHANGEOVER_OLD_SHOP_URL", "oracle://nobody")
    monkeypatch.setenv("CHANGEOVER_OLD_BLOG_URL", "sqlite:////blog.db")
    assert list(Settings.from_environment("moves", ["blog"]).old_urls) == ["blog"]
    with pytest.raises(ConfigurationError, match="CHANGEOVER_OLD_SHOP_URL"):
        Settings.from_environment("moves", ["blog", "shop"])


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5"])
def test_workers_are_a_positive_number(monkeypatch, text):
    monkeypatch.setenv("CHANGEOVER_NEW_URL", NEW)
    monkeypatch.setenv("CHANGEOVER_WORKERS", "5")
    assert Settings.from_environment("moves").workers == 5
    monkeypatch.setenv("CHANGEOVER_WORKERS", text)
    with pytest.raises(ConfigurationError, match="CHANGEOVER_WORKERS"):
        Settings.from_environment("moves")


def test_a_broken_pyproject_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.changeover\n")
    with pytest.raises(ConfigurationError, match=r"pyproject\.toml"):
        mappings_package()
    (tmp_path / "pyproject.toml").write_text("[tool.changeover]\nmappings = 3\n")
    with pytest.raises(ConfigurationError, match="names no mappings"):
        mappings_package()
    assert mappings_package("mine") == "mine"


def test_passwords_are_masked_however_they_are_spelled():
    environment = {
        "CHANGEOVER_NEW_URL": "postgresql+psycopg://me:p%40ss%20word@db/new",
        "CHANGEOVER_OLD_SHOP_URL": "mysql+pymysql://me:other@db/shop?ssl_key_password=third",
        "CHANGEOVER_OLD_ODD_URL": "mysql+pymysql://me:fo@ur:th@db:port/shop",
        "AWS_SECRET_ACCESS_KEY": "fifth",
    }
    said = (
        "p@ss word, p%40ss%20word, p%40ss+word, 'other' third fo@ur:th fifth anything://you:sixth@db another"
    )
    assert mask(said, environment) == "***, ***, ***, '***' *** *** *** anything://you:***@db another"
