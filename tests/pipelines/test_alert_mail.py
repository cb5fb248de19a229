"""People are told by e-mail, over an encrypted connection, and no password is shown."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

from pipelines.alert import WEBHOOK, alert
from pipelines.alert_mail import RECIPIENTS, SENDER, SERVER
from resources import resources_for
from tests.assets.sample.databases import Sample

Tick = Callable[[], Any]
PASSWORD = "s3cret"
BROKEN = (
    'INSERT INTO changeover_capture ("database", table_name, state, fingerprint) '
    "VALUES ('shop', 'tb_coupon', 'broken', '')"
)


class Inbox:
    """What a mail server was given. ``answer`` is what it says to it."""

    def __init__(self) -> None:
        self.told: list[Envelope] = []
        self.answer = "250 OK"

    async def handle_DATA(  # noqa: N802 - the name is aiosmtpd's
        self, server: Any, session: Any, envelope: Envelope
    ) -> str:
        if self.answer.startswith("250"):
            self.told.append(envelope)
        return self.answer

    @property
    def texts(self) -> list[str]:
        return [str(one.content.decode()) for one in self.told if isinstance(one.content, bytes)]


def authenticated(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False)


class Server(Controller):
    """It takes mail only over STARTTLS, and only from who knows the password."""

    def factory(self) -> SMTP:
        return SMTP(
            self.handler,
            require_starttls=self.tls is not None,
            auth_required=self.tls is not None,
            tls_context=self.tls,
            authenticator=authenticated,
        )

    tls: ssl.SSLContext | None = None


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    file = folder / "both.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        [*command.split(), *files, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True
    )
    file.write_text((folder / "key.pem").read_text() + (folder / "cert.pem").read_text())
    return file


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def tick(sample: Sample, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Tick:
    monkeypatch.setattr("pipelines.alert_mail.PATIENCE_SECONDS", 120)
    monkeypatch.setenv(SENDER, "changeover@example.com")
    monkeypatch.setenv(RECIPIENTS, "one@example.com, two@example.com")
    sensor, cursor = alert(running=False), [""]

    def run() -> Any:
        with dg.build_sensor_context(
            instance=instance, resources=resources_for(()), cursor=cursor[0] or None
        ) as context:
            found = sensor.evaluate_tick(context)
        cursor[0] = found.cursor or cursor[0]
        return found

    return run


def served(inbox: Inbox, tls: ssl.SSLContext | None) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = type("Made", (Server,), {"tls": tls})(inbox, hostname="127.0.0.1", port=port, ready_timeout=120)
    made.start()
    try:
        yield port
    finally:
        made.stop()


@pytest.fixture
def encrypted(inbox: Inbox, certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield from served(inbox, context)


@pytest.fixture
def plain(inbox: Inbox) -> Iterator[int]:
    yield from served(inbox, None)


def test_people_are_told_once_over_an_encrypted_connection(
    encrypted: int,
    inbox: Inbox,
    tick: Tick,
    sample: Sample,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv(SERVER, f"smtp://me:{PASSWORD}@127.0.0.1:{encrypted}")
    tick()
    assert inbox.told == []
    sample.execute("new", BROKEN)
    tick()
    tick()
    (text,) = inbox.texts
    assert "Subject: Changeover: shop.tb_coupon: capture broken" in text
    assert inbox.told[0].rcpt_tos == ["one@example.com", "two@example.com"]
    sample.execute("new", "DELETE FROM changeover_capture")
    tick()
    assert "no capture broken any more" in inbox.texts[1]


def test_a_server_that_nobody_vouches_for_or_that_does_not_encrypt_is_told_nothing(
    encrypted: int,
    plain: int,
    inbox: Inbox,
    tick: Tick,
    sample: Sample,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sample.execute("new", BROKEN)
    for port in (encrypted, plain):
        monkeypatch.setenv(SERVER, f"smtp://me:{PASSWORD}@127.0.0.1:{port}")
        with pytest.raises(Exception, match="could not be told") as failed:
            tick()
        assert PASSWORD not in str(failed.value)
    assert inbox.told == []
    monkeypatch.setenv(SERVER, f"smtp+plain://127.0.0.1:{plain}")
    tick()
    assert len(inbox.told) == 1


def test_a_wrong_password_and_a_refusal_are_told_by_their_numbers_and_tried_again(
    encrypted: int,
    inbox: Inbox,
    tick: Tick,
    sample: Sample,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    sample.execute("new", BROKEN)
    monkeypatch.setenv(SERVER, f"smtp://me:wr0ng@127.0.0.1:{encrypted}")
    with pytest.raises(Exception, match="answered 535") as failed:
        tick()
    assert "wr0ng" not in str(failed.value)
    monkeypatch.setenv(SERVER, f"smtp://me:{PASSWORD}@127.0.0.1:{encrypted}")
    inbox.answer = "554 go away, s3cret"
    with pytest.raises(Exception, match="answered 554") as failed:
        tick()
    assert PASSWORD not in str(failed.value)
    inbox.answer = "250 OK"
    tick()
    assert len(inbox.told) == 1


def test_what_one_way_could_not_be_told_the_other_is_not_told_twice(
    plain: int, inbox: Inbox, tick: Tick, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SERVER, f"smtp+plain://127.0.0.1:{plain}")
    monkeypatch.setenv(WEBHOOK, "http://127.0.0.1:1/nobody")
    sample.execute("new", BROKEN)
    found = tick()
    assert "webhook" in found.skip_message
    with pytest.raises(Exception, match="webhook"):
        tick()
    assert len(inbox.told) == 1


def test_settings_that_are_not_complete_are_said(
    tick: Tick, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample.execute("new", BROKEN)
    monkeypatch.setenv(SERVER, f"ftp://me:{PASSWORD}@127.0.0.1")
    with pytest.raises(Exception, match="no URL of a mail server") as failed:
        tick()
    assert PASSWORD not in str(failed.value)
    monkeypatch.setenv(SERVER, "smtps://127.0.0.1")
    monkeypatch.delenv(RECIPIENTS)
    with pytest.raises(Exception, match=RECIPIENTS):
        tick()
