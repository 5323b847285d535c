"""Answers HEAD wherever GET is answered, as monitors and load balancers ask."""

from starlette.types import ASGIApp, Receive, Scope, Send


class HeadRequests:
    """ASGI middleware that passes HEAD on as GET. The HTTP server leaves out the body of the response."""

    def __init__(self, app: ASGIApp):
        """`app` answers GET."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request; passes other ASGI events on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        as_get = {**scope, "method": "GET"}
        await self._app(as_get, receive, send)
        scope["route"] = as_get.get("route")  # the metrics count by it
