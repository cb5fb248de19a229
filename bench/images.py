"""Carrying images from a web host to S3, beside `rclone copyurl`, which carries them without looking at them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial

from bench import processors
from bench.figure import Figure, Taken, in_turns, seconds
from bench.image_site import BUCKET, ImageSite, image_site

IMAGES = 5_000
WORKERS, FAR_WORKERS, LATENCY_MS = 16, 64, 50.0
SPEED, CPU, GROWTH = 0.9, 2.0, 1.1
"""What is promised: of rclone's images a second, of its processor time, and of memory over a tenth of the images."""

RCLONE = "rclone copyurl"


def images(rounds: int, count: int = IMAGES) -> list[Figure]:
    """Images a second and processor time of the client, near and with latency; memory over a tenth and all of them."""
    group = "images, near"
    with image_site(count) as site:
        figures = compared(site, group, WORKERS, rounds, with_cpu=True)
        few, many = (ours(site, WORKERS, part)["peak"] for part in (max(count // 10, 1), count))
        figures += [
            Figure(group, f"peak memory: {count:,} images", many, "MB"),
            Figure(group, "peak memory: all / a tenth", many / few, "", "at most", GROWTH),
        ]
    with image_site(count, LATENCY_MS) as site:
        figures += compared(site, f"images, {LATENCY_MS:g} ms away", FAR_WORKERS, rounds, with_cpu=False)
    return figures


def compared(site: ImageSite, group: str, workers: int, rounds: int, *, with_cpu: bool) -> list[Figure]:
    """The two in turns."""
    name = f"{workers} workers"
    taken = in_turns(
        {name: partial(our_turn, site, workers), RCLONE: partial(their_turn, site, workers)}, rounds
    )
    us, them = taken[name], taken[RCLONE]
    figures = [
        Figure(group, name, site.images / us.seconds, "images/s"),
        Figure(group, RCLONE, site.images / them.seconds, "images/s"),
        Figure(group, f"images/s / {RCLONE}'s", them.seconds / us.seconds, "", "at least", SPEED),
    ]
    if with_cpu:
        figures += [
            Figure(group, "client's processors an image", us.cpu / site.images * 1000, "ms"),
            Figure(group, f"{RCLONE}'s processors an image", them.cpu / site.images * 1000, "ms"),
            Figure(group, f"processors / {RCLONE}'s", us.cpu / them.cpu, "", "at most", CPU),
        ]
    return figures


def our_turn(site: ImageSite, workers: int) -> Taken:
    """Carry all images by the engine, in a process of its own."""
    said = ours(site, workers, site.images)
    return Taken(said["seconds"], said["cpu"])


def ours(site: ImageSite, workers: int, count: int) -> dict[str, float]:
    """What a worker process says. Raises RuntimeError when it fails, or does not carry all."""
    environment = {
        **os.environ,
        **site.server.environment(BUCKET),
        "AWS_ENDPOINT_URL_S3": site.endpoint,
        "PYTHON_DOTENV_DISABLED": "1",
    }
    command = [
        sys.executable,
        "-m",
        "bench.image_worker",
        site.source,
        site.fresh(),
        str(count),
        str(workers),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"bench.image_worker failed:\n{done.stderr[-4000:]}")
    said = json.loads(done.stdout)
    if said["arrived"] != count:
        raise RuntimeError(f"bench.image_worker carried {said['arrived']} of {count} images")
    return said


def their_turn(site: ImageSite, workers: int) -> Taken:
    """Carry all images by rclone, asked by so many connections. What asking takes of the processors is not counted as rclone's."""
    prefix, numbers = site.fresh(), iter(range(site.images))
    lock, troubles = threading.Lock(), list[str]()
    before = processors.spent_by(site.rclone)

    def ask() -> None:
        with socket.create_connection(("127.0.0.1", site.rclone.port)) as connection:
            while (number := _next(numbers, lock)) is not None:
                answer = _copy(connection, site, f"{prefix}/{number}.jpg", f"{site.source}/{number}.jpg")
                if not answer.startswith(b"HTTP/1.1 200"):
                    troubles.append(answer.decode(errors="replace"))
                    return

    def work() -> None:
        threads = [threading.Thread(target=ask) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    took = seconds(work)
    if troubles:
        raise RuntimeError(f"rclone failed: {troubles[0]}")
    return Taken(took, processors.spent_by(site.rclone) - before)


def _next(numbers: Iterator[int], lock: threading.Lock) -> int | None:
    with lock:
        return next(numbers, None)


def _copy(connection: socket.socket, site: ImageSite, remote: str, url: str) -> bytes:
    """Ask for one image; the whole answer. By hand, as a client library would take as much as rclone does."""
    asked = json.dumps({"fs": f"s3:{BUCKET}", "remote": remote, "url": url}).encode()
    connection.sendall(
        b"POST /operations/copyurl HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (site.rclone.port, len(asked), asked)
    )
    answer = b""
    while not _is_whole(answer):
        part = connection.recv(65_536)
        if not part:
            return answer
        answer += part
    return answer


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return body.endswith(b"0\r\n\r\n")
