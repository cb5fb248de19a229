"""The lease of a run on the images that it moves, kept up for as long as the run lives."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from types import TracebackType

import sqlalchemy as sa
from sqlalchemy import exc

from changeover.ledger import images as manifest
from changeover.project import Project

SECONDS = 60.0
"""After which what a killed run had taken is free. Longer than any pause of a live run that is not worth a second fetch."""
RENEWED_EVERY = 15.0


class Lease:
    """While entered, whatever is taken under ``token`` stays taken; afterwards what is left of it is free at once."""

    def __init__(self, project: Project) -> None:
        self.project, self.token = project, str(uuid.uuid4())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="changeover-images-lease", daemon=True)

    def take(
        self, connection: sa.Connection, image_set: str, digests: list[str], states: Sequence[str]
    ) -> list[manifest.Taken]:
        """See `changeover.ledger.images.take`."""
        if not self._thread.ident:
            self._thread.start()
        return manifest.take(connection, image_set, digests, self.token, SECONDS, states)

    def _keep(self) -> None:
        while not self._ended.wait(RENEWED_EVERY):
            try:
                with self.project.new.engine.begin() as connection:
                    manifest.renew(connection, self.token, SECONDS)
            except exc.DBAPIError:
                continue  # a server that restarts: the next turn comes before the lease ends

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._thread.ident:
            return  # nothing was ever taken
        self._ended.set()
        self._thread.join()
        try:
            with self.project.new.engine.begin() as connection:
                manifest.release(connection, self.token)
        except exc.DBAPIError:
            if kind is None:
                raise
