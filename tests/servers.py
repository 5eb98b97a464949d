"""Small servers on loopback, in a thread of the test process: they answer as a test says and keep what they heard."""

import asyncio
import threading
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Server:
    """`answers` takes what was heard and gives (status, body) or a web.Response; `heard` keeps all in order."""

    answers: object
    heard: list = field(default_factory=list)
    connections: set = field(default_factory=set)
    under_way: int = 0
    most_at_once: int = 0

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[ready], daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_error):
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._thread.join(10)
        self._loop.close()

    def close_connections(self):
        """As a server does with those that were idle for too long."""
        asyncio.run_coroutine_threadsafe(self._close_connections(), self._loop).result(10)

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        self._stopped = asyncio.Event()
        self._loop.run_until_complete(self._serve(ready))

    async def _serve(self, ready):
        self._server = web.Server(self._answer)
        runner = web.ServerRunner(self._server, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _stop(self):
        self._stopped.set()

    async def _close_connections(self):
        for connection in self._server.connections:
            connection.transport.close()

    async def _answer(self, request):
        self.connections.add(request.transport.get_extra_info("peername"))
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            heard = Heard(request.method, request.path_qs, dict(request.headers), await request.read(), request)
            self.heard.append(heard)
            said = self.answers(heard)
            said = await said if asyncio.iscoroutine(said) else said
            return said if isinstance(said, web.StreamResponse) else web.Response(status=said[0], body=said[1])
        finally:
            self.under_way -= 1


@dataclass(frozen=True)
class Heard:
    method: str
    path: str
    headers: dict
    body: bytes
    request: web.Request
