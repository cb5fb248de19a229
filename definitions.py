"""The front door: what Dagster loads. Nothing here connects to a database."""

from changeover.mapping import load
from changeover.settings import mappings_package, read_env_file
from pipelines.project import definitions, owners_of

read_env_file()
_package = mappings_package()
_registry = load(_package)

defs = definitions(_registry, owners_of(_package, _registry))
