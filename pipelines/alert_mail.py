"""Alerts by e-mail: which server, from whom, to whom, all from the environment; always encrypted, unless the URL says otherwise."""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

SERVER = "CHANGEOVER_ALERT_SMTP"
"""``smtps://`` (encrypted from the start), ``smtp://`` (STARTTLS, or nothing is sent) or ``smtp+plain://``, each with
``user:password@host:port``. It may hold a password, and is never shown."""
SENDER, RECIPIENTS = "CHANGEOVER_ALERT_FROM", "CHANGEOVER_ALERT_TO"
PORTS = {"smtps": 465, "smtp": 587, "smtp+plain": 25}
PATIENCE_SECONDS = 10


class MailFailed(Exception):
    """No e-mail was sent, for a reason that holds no secret."""


@dataclass(frozen=True)
class Mail:
    """Where e-mails go."""

    scheme: str
    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


def mail() -> Mail | None:
    """The settings; None where no server is named. Raises: MailFailed where they are not complete."""
    url = os.environ.get(SERVER)
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise MailFailed(f"{SERVER} is no URL") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise MailFailed(f"{SERVER} is no URL of a mail server: {', '.join(f'{s}://' for s in PORTS)}")
    sender, names = os.environ.get(SENDER, ""), os.environ.get(RECIPIENTS, "")
    recipients = tuple(name.strip() for name in names.split(",") if name.strip())
    if not sender or not recipients:
        raise MailFailed(f"{SERVER} is set, and so {SENDER} and {RECIPIENTS} have to be")
    return Mail(
        parts.scheme,
        parts.hostname,
        port or PORTS[parts.scheme],
        sender,
        recipients,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


def send(to: Mail, lines: list[str]) -> None:
    """One e-mail for all of the lines. Raises: MailFailed."""
    message = EmailMessage()
    message["From"], message["To"] = to.sender, ", ".join(to.recipients)
    message["Subject"] = f"Changeover: {lines[0]}" + (f" and {len(lines) - 1} more" if lines[1:] else "")
    message.set_content("\n".join(lines) + "\n")
    try:
        with _connection(to) as server:
            if to.user is not None:
                server.login(to.user, to.password or "")
            refused = server.send_message(message)
    except smtplib.SMTPResponseException as error:
        # A server's own words may repeat what it was told.
        raise MailFailed(f"the mail server answered {error.smtp_code}") from None
    except (OSError, smtplib.SMTPException) as error:
        raise MailFailed(f"the mail server could not be told: {type(error).__name__}") from None
    if refused:
        raise MailFailed(f"the mail server refused {len(refused)} of {len(to.recipients)} recipients")


def _connection(to: Mail) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if to.scheme == "smtps":
        return smtplib.SMTP_SSL(to.host, to.port, timeout=PATIENCE_SECONDS, context=context)
    server = smtplib.SMTP(to.host, to.port, timeout=PATIENCE_SECONDS)
    if to.scheme == "smtp":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server
