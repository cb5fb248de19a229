"""Whom libcurl trusts. libcurl brings an OpenSSL of its own, which does not know the system's authorities."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pycurl


def trust(curl: Any, authorities: Path | None = None) -> None:
    """Let a handle trust the authorities of a PEM file, by default the system's or those of ``SSL_CERT_FILE``, as Python does."""
    curl.setopt(pycurl.SSL_VERIFYPEER, True)
    curl.setopt(pycurl.SSL_VERIFYHOST, 2)
    system = ssl.get_default_verify_paths()
    file, folder = (str(authorities), None) if authorities else (system.cafile, system.capath)
    if file:
        curl.setopt(pycurl.CAINFO, file)
    if folder:
        curl.setopt(pycurl.CAPATH, folder)
