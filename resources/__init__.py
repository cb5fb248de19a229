"""Where it moves between: the old databases and the new one, as Dagster resources.

A resource holds the name of an environment variable, never its value: the UI shows the name. `open_project` and
`open_carrier` are the places where a step, a sensor or a check gets its connections from.
"""

from resources.databases import NewDatabase, OldDatabase, kind_of, old_resource_key, resources_for
from resources.images import IMAGES, ImageBucket, open_carrier
from resources.project import NEW, at_end_of, open_project, resource_keys

__all__ = [
    "IMAGES",
    "NEW",
    "ImageBucket",
    "NewDatabase",
    "OldDatabase",
    "at_end_of",
    "kind_of",
    "old_resource_key",
    "open_carrier",
    "open_project",
    "resource_keys",
    "resources_for",
]
