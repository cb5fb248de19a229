"""Moving the images that tables' rows name, a key range at a time, each once.

What holds always. Who moves an image holds its lease in the manifest, so that of two runs one moves it and the other waits for it;
a run that was killed leaves leases that end by themselves. What became of an image is committed to the manifest before the rows
that wait for it are applied again, by the one write path. Of an image that the manifest knows as stored, nobody asks its origin
again.
"""

from changeover.image_sets.carrier import Carrier
from changeover.image_sets.move import move_images, move_waiting
from changeover.image_sets.moved import ImagesMoved
from changeover.image_sets.refresh import refresh_images
from changeover.image_sets.rekey import rekey_images

__all__ = ["Carrier", "ImagesMoved", "move_images", "move_waiting", "refresh_images", "rekey_images"]
