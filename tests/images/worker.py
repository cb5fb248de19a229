"""`python worker.py BUCKET PORT COUNT`: carries images, and kills itself between the PUT of the fifth and its report."""

from __future__ import annotations

import os
import signal
import sys
from itertools import count

from changeover.images.bucket import Bucket
from changeover.images.guard import Guard
from changeover.images.image import Rules, Wanted
from changeover.images.origins.http import HttpOrigin
from changeover.images.signed import Said, Signed
from changeover.images.transfer import transfer

puts = count(1)
put = Signed.put


def fatal_put(self: Signed, key: str, body: bytes, headers: dict[str, str]) -> Said:
    stored = put(self, key, body, headers)
    if next(puts) == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return stored


if __name__ == "__main__":
    name, port, images = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    Signed.put = fatal_put
    guard = Guard([f"127.0.0.1:{port}"], ["127.0.0.0/8"])
    wanted = (Wanted(f"http://127.0.0.1:{port}/{n}") for n in range(images))
    for outcome in transfer(HttpOrigin(guard), Bucket(name), Rules(), wanted, 2):
        sys.stdout.write(f"{outcome.url}\n")
        sys.stdout.flush()
