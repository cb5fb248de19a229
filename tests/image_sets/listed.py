"""A process that moves and copies rows of long lists of images, and says how much memory it took. Its images are nowhere."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterable, Iterator

from changeover.dialects import driver_url, of
from changeover.image_sets import move_images
from changeover.images.image import Arrived, Outcome, Wanted
from changeover.mapping import ImageSet, Mapping, Registry, image, old
from changeover.planning import plan
from changeover.project import Project
from changeover.transfer import backfill

ROOT, BASE = "shop.tb_product", "https://img.shop.example/"


class Anything:
    """Has every image."""

    def carry(self, images: ImageSet, wanted: Iterable[Wanted]) -> Iterator[Outcome]:
        """See `Carrier`."""
        del images
        for one in wanted:
            key = one.url.removeprefix(BASE)
            yield Arrived(one.url, one.url, key, 100, "image/png", "0" * 64, 10, 20)


def open_project(old_url: str, new_url: str) -> Project:
    product = old("shop", "tb_product")
    photos = ImageSet("photos", hosts=("img.shop.example",), base=BASE)
    columns = {
        "image": image(product.img, images=photos, form="json"),
        "body": image(product.html, images=photos, form="html"),
    }
    o, n = driver_url(old_url), driver_url(new_url)
    engines = {"shop": of(o).engine(o, "old", 4)}
    return Project(
        Registry((Mapping("product", product, columns),)), engines, of(n).engine(n, "new", 4), workers=2
    )


def main(old_url: str, new_url: str) -> None:
    """Rows first, which takes most: each is noted, and applied again."""
    with open_project(old_url, new_url) as project:
        plan(project, ROOT)
        errors = [done.error for done in backfill(project, ROOT)]
        errors += [done.error for done in move_images(project, ROOT, Anything())]
    assert errors == [None, None], errors
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))


if __name__ == "__main__":
    main(*sys.argv[1:])
