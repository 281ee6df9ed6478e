"""The dashboard's process: pages over HTTP on this machine, fed by the live state, the ledger and the journals."""

import threading
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from nicegui import Client, ui
from nicegui import app as pages
from starlette.middleware.trustedhost import TrustedHostMiddleware

from polydesk import __version__
from polydesk.model.errors import PolydeskError
from polydesk.monitor.desk_page import DeskPage
from polydesk.monitor.follower import Follower, follow
from polydesk.monitor.hub import Hub
from polydesk.monitor.listen import HOST, Listening
from polydesk.monitor.own_site import OwnSite
from polydesk.monitor.plain_page import CSS, EARLY, plain_page
from polydesk.monitor.reports import Reports, UnknownSession
from polydesk.monitor.sessions_page import SessionsPage
from polydesk.monitor.words import Language, Words, words_for

_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='#123a5c'/>"
    "<path d='M6 22l7-8 5 4 8-10' fill='none' stroke='#f0b429' stroke-width='3.4' stroke-linejoin='round'/></svg>"
)


@dataclass
class Dashboard:
    """One dashboard.

    Attributes:
        data_dir: Folder of sessions and ledger.
        language: Of pages whose address names none.
    """

    data_dir: Path
    language: Language = Language.EN
    _stop: threading.Event = field(default_factory=threading.Event)
    _seen_s: float = field(default_factory=time.monotonic)
    _alone_s: float | None = None

    def serve(self, listening: Listening, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until stopped or interrupted.

        Args:
            listening: Where.
            ready: Called once pages can be asked for.
        """
        follower = Follower(self.data_dir)
        hub = Hub(self.data_dir, follower)
        thread = threading.Thread(target=follow, args=(follower, self._stop), name="follower", daemon=True)
        app = self._app(hub)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, ws="websockets-sansio", timeout_graceful_shutdown=1
        )
        server = _Server(config, ready, self._deserted)
        watcher = threading.Thread(target=self._end, args=(server,), name="end", daemon=True)
        thread.start()
        watcher.start()
        try:
            server.run(sockets=[listening.socket])
        finally:
            self._stop.set()
            thread.join()
            hub.close()

    def stop(self) -> None:
        """Ask the server to end; safe from any thread."""
        self._stop.set()

    def outlive(self, idle_s: float) -> None:
        """Serve on only until nobody has had a page open for ``idle_s`` seconds from now; safe from any thread."""
        self._seen_s = time.monotonic()
        self._alone_s = idle_s

    def _deserted(self) -> bool:
        return self._alone_s is not None and self._looked()[1] >= self._alone_s

    def _looked(self) -> tuple[int, float]:
        """Return how many pages are open and for how long none was; on the loop, where pages come and go."""
        pages = sum(1 for client in Client.instances.values() if client.has_socket_connection)
        if pages:
            self._seen_s = time.monotonic()
        return pages, time.monotonic() - self._seen_s

    def _end(self, server: uvicorn.Server) -> None:
        self._stop.wait()
        server.should_exit = True

    def _app(self, hub: Hub) -> FastAPI:
        app = FastAPI(title="polydesk", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
        app.add_middleware(OwnSite)
        # A page of somebody else's site that resolves its own name to this machine gets nothing.
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
        reports = Reports(self.data_dir)

        @app.get("/health")
        async def health() -> JSONResponse:
            pages, idle_s = self._looked()
            return JSONResponse({"version": __version__, "pages": pages, "idle_s": round(idle_s, 1)})

        @app.get("/sessions/{name:path}/report", response_model=None)
        def report(name: str, lang: str = "") -> Response:
            self._seen_s = time.monotonic()
            try:
                return HTMLResponse(reports.page(name, _language(lang, self.language)))
            except PolydeskError as err:
                # 422: the session is there, but what is there cannot be made a report of.
                status = 404 if isinstance(err, UnknownSession) else 422
                return HTMLResponse(reports.missing(name, str(err), self._words(lang)), status_code=status)

        @ui.page("/", title="polydesk", response_timeout=10)
        async def desk(session: str = "", market: str = "", lang: str = "") -> None:
            page = DeskPage(hub, self._open(lang), session, market)
            told = await page.begin()
            ui.add_body_html(page.first_paint(told))

        @ui.page("/sessions", title="polydesk", response_timeout=30)
        async def sessions(compare: str = "", lang: str = "") -> None:
            names = list(dict.fromkeys(name for name in compare.split(",") if name))
            page = SessionsPage(hub, self._open(lang), names)
            await page.begin()
            ui.add_body_html(page.first_paint())

        async def unknown(request: Request, _: Exception) -> Response:
            words = self._words(request.query_params.get("lang", ""))
            page = plain_page(words("page.unknown"), words("page.unknown.why", path=request.url.path), words)
            return HTMLResponse(page, status_code=404)

        # The framework answers what this application does not know, with a page of its own unless told otherwise.
        pages.add_exception_handler(404, unknown)
        ui.run_with(
            app, title="polydesk", favicon=_ICON, dark=None, tailwind=False, show_welcome_message=False,
            binding_refresh_interval=None, reconnect_timeout=5.0,
        )  # fmt: skip
        return app

    def _open(self, lang: str) -> Words:
        """Prepare a page: colours, style and language."""
        self._seen_s = time.monotonic()
        words = self._words(lang)
        ui.add_head_html(f"{EARLY}<style>{CSS}</style>")
        client = ui.context.client
        # The framework keeps one page for all who open the address, and they may read different languages.
        client.page = copy(client.page)
        client.page.language = "zh-CN" if words.language == Language.ZH.value else "en-US"
        return words

    def _words(self, lang: str) -> Words:
        return words_for(_language(lang, self.language))


class _Server(uvicorn.Server):
    """Tells when it listens, and ends when nobody needs it any more."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], deserted: Callable[[], bool]) -> None:
        super().__init__(config)
        self._ready = ready
        self._deserted = deserted

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end; asked ten times a second."""
        return await super().on_tick(counter) or self._deserted()

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Start listening."""
        await super().startup(sockets)
        self._ready()


def _language(asked: str, otherwise: Language) -> Language:
    return Language(asked) if asked in set(Language) else otherwise
