"""Dagster's GraphQL, as far as launching runs and watching them needs it. The standard library is enough for it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANSWERS_WITHIN = 60.0
"""Seconds. Launching validates a run in the code server, which may be busy with starting others."""


class GraphQLError(Exception):
    """Dagster answered with an error, in its own words."""


class DagsterNotReady(Exception):
    """The web server or the project's code was not there in time; says what was missing."""


@dataclass(frozen=True)
class Repository:
    """Where Dagster has loaded the project's definitions."""

    location: str
    name: str

    @property
    def selector(self) -> dict[str, str]:
        """As GraphQL takes it."""
        return {"repositoryLocationName": self.location, "repositoryName": self.name}


class GraphQL:
    """A Dagster web server, by the address of its UI (``http://127.0.0.1:3000``)."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/") + "/graphql"

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer's data. Raises GraphQLError for errors in it, OSError where nobody answers."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(  # noqa: S310  # the address is the operator's own
            self._url, body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWERS_WITHIN) as answer:  # noqa: S310
                found: Any = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                raise GraphQLError(error.read().decode(errors="replace")[:2000]) from None
        if found.get("errors"):
            raise GraphQLError("; ".join(str(e.get("message")) for e in found["errors"]))
        return found["data"]

    def repository(self, seconds: float = 120.0) -> Repository:
        """The project's repository, as soon as it is loaded.

        Raises: DagsterNotReady after ``seconds``, or at once with Dagster's message when the code doesn't load.
        """
        until = time.monotonic() + seconds
        waiting_for = f"nobody answers at {self._url}"
        while time.monotonic() < until:
            try:
                found = self._loaded(self.ask(_WORKSPACE)["workspaceOrError"])
            except (OSError, GraphQLError) as error:
                waiting_for = f"{self._url}: {error}"
            else:
                if found is not None:
                    return found
                waiting_for = "the project's code is still being loaded"
            time.sleep(0.3)
        raise DagsterNotReady(f"Dagster was not ready after {seconds:.0f} s: {waiting_for}")

    def _loaded(self, workspace: Mapping[str, Any]) -> Repository | None:
        for entry in workspace.get("locationEntries", []):
            content = entry["locationOrLoadError"]
            if content is not None and "message" in content:
                raise DagsterNotReady(f"the project's code does not load: {content['message']}")
            if content is not None and content.get("repositories"):
                return Repository(entry["name"], content["repositories"][0]["name"])
        return None


def expect(answer: Mapping[str, Any], *wanted: str) -> Mapping[str, Any]:
    """``answer`` if it is of a wanted type. Raises GraphQLError with Dagster's words otherwise."""
    if answer["__typename"] in wanted:
        return answer
    errors = answer.get("errors") or []
    said = answer.get("message") or "; ".join(str(e.get("message")) for e in errors)
    raise GraphQLError(f"{answer['__typename']}: {said}")


_WORKSPACE = """
query { workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
    ... on RepositoryLocation { repositories { name } } ... on PythonError { message } } } } } }
"""
