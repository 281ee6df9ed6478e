"""Who may ask: pages of this dashboard and somebody who follows a link to it, but no page of another site."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_POLICY_VIOLATION = 1008
_STRANGERS = {"cross-site", "same-site"}
_SAID = {"x-frame-options": "DENY", "x-content-type-options": "nosniff", "referrer-policy": "same-origin"}


class OwnSite:
    """Refuses what another site's page sends: its requests, its sockets, and frames or pictures of ours in it.

    A browser lets every page open a socket to this machine, so the name of the host alone does not keep strangers out.
    Other programs, which name no origin, are let in.

    Args:
        app: What answers everybody else.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if foreign(Headers(scope=scope)):
            refusal = (
                PlainTextResponse("Only pages of this dashboard may ask.", status_code=403)
                if scope["type"] == "http"
                else WebSocketClose(_POLICY_VIOLATION)
            )
            await refusal(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_SAID)
            await send(message)

        await self._app(scope, receive, told)


def foreign(headers: Headers) -> bool:
    """Return whether a page of another site is behind a request; following a link to this one is not."""
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{headers.get('host', '')}":
        return True
    return headers.get("sec-fetch-site", "") in _STRANGERS and headers.get("sec-fetch-dest", "") != "document"
