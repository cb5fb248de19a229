"""`python -m bench.image_worker SOURCE PREFIX IMAGES WORKERS`: carry images, and print what it took as one JSON object."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from changeover.images.bucket import Bucket
from changeover.images.guard import Guard
from changeover.images.image import Arrived, Rules, Wanted
from changeover.images.names import by_content
from changeover.images.origins.http import HttpOrigin
from changeover.images.transfer import transfer


def main(source: str, prefix: str, images: int, workers: int) -> None:
    """Carry them into the bucket that the environment names."""
    origin = HttpOrigin(Guard([urlsplit(source).netloc], ["127.0.0.0/8"]))
    bucket = Bucket.from_environment()
    wanted = (Wanted(f"{source}/{n}.jpg") for n in range(images))
    began = time.perf_counter()
    run = transfer(origin, bucket, Rules(), wanted, workers, by_content(f"{prefix}/"))
    arrived = sum(isinstance(one, Arrived) and not one.reused for one in run)
    seconds = time.perf_counter() - began
    spent = resource.getrusage(resource.RUSAGE_SELF)
    peak = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    said = {
        "arrived": arrived,
        "seconds": seconds,
        "cpu": spent.ru_utime + spent.ru_stime,
        "peak": int(peak.split()[1]) / 1024,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
