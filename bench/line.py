"""`python -m bench.line PORT TO MILLISECONDS`: passes connections on, each way half of the latency later."""

from __future__ import annotations

import asyncio
import sys


class _End(asyncio.Protocol):
    """One end of a connection; what it hears is said at the other end after a while, in order."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(self.delay, self.say, data)

    def say(self, data: bytes) -> None:
        """Write at the other end."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the base class's signature
        asyncio.get_running_loop().call_later(self.delay, self.hang_up)

    def hang_up(self) -> None:
        """Close the other end."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class _Near(_End):
    def __init__(self, to: int, delay: float) -> None:
        super().__init__(delay)
        self.to = to

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self.joining = asyncio.get_running_loop().create_task(self.join())

    async def join(self) -> None:
        """Open the other end."""
        assert self.transport is not None
        far = _End(self.delay)
        far.other, self.other = self, far
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, "127.0.0.1", self.to)
        except OSError:
            self.transport.close()
        else:
            self.transport.resume_reading()


async def serve(port: int, to: int, milliseconds: float) -> None:
    """Serve until ended."""
    loop = asyncio.get_running_loop()
    delay = milliseconds / 2000
    server = await loop.create_server(lambda: _Near(to, delay), "127.0.0.1", port, backlog=256)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
