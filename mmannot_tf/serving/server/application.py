"""The server's routes as an ASGI application."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mmannot_tf.serving.server import (
    deciding,
    sidecar_archive,
    tensorflow_serving,
    uploads,
    web_page,
)
from mmannot_tf.serving.server.errors import JsonResponse, RequestError, error_response
from mmannot_tf.serving.server.head_requests import HeadRequests
from mmannot_tf.serving.server.metrics import Metrics
from mmannot_tf.serving.server.models import Models
from mmannot_tf.serving.server.openapi import openapi_document
from mmannot_tf.serving.server.options import ServerOptions
from mmannot_tf.serving.server.request_limiter import RequestLimiter
from mmannot_tf.serving.server.served_model import ServedModel

HANDLED = (RequestError, HTTPException, ClientDisconnect, Exception)


def application(served: Sequence[ServedModel], options: ServerOptions) -> RequestLimiter:
    """Builds the server.

    Args:
        served: the models; their engines must be selected. The page and the forms use the first.
        options: how the server runs.
    """
    metrics, limits = Metrics(), options.limits
    models = Models(served, limits, metrics, watch_seconds=options.watch_seconds)
    first = models.first

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await models.start()
        yield
        await models.stop()
        if options.access_log is not None:
            options.access_log.close()

    app = FastAPI(
        lifespan=lifespan,
        exception_handlers={error: _on_error for error in HANDLED},
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # its own description knows neither bodies nor answers; ours is `openapi`
        redirect_slashes=False,  # a redirect would repeat the Host that a client sent
    )
    app.include_router(tensorflow_serving.router(models.by_name, limits))
    app.include_router(uploads.router(first, limits))
    app.include_router(deciding.router(first, limits))
    app.include_router(sidecar_archive.router(first, limits))
    app.include_router(web_page.router())

    @app.get("/model")
    async def model_document(request: Request) -> Response:
        """Says which model it is."""
        with first.acquire(request.scope) as version:
            return JsonResponse(version.document)

    @app.get("/openapi.json")
    async def openapi(request: Request) -> Response:
        """Describes these routes."""
        with first.acquire(request.scope) as version:
            return JsonResponse(openapi_document([*models.by_name], version.annotator.model.labels))

    @app.get("/healthz")
    async def health() -> Response:
        """Checks that the server accepts images."""
        alive = models.alive
        return JsonResponse({"status": "ok" if alive else "stopped"}, 200 if alive else 503)

    @app.get("/metrics")
    async def prometheus() -> Response:
        """Returns the metrics in Prometheus' format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return RequestLimiter(HeadRequests(app), metrics, options)


async def _on_error(_: Request, error: Exception) -> Response:
    match error:
        case RequestError():
            return error_response(error.status, str(error))
        case HTTPException():
            response = error_response(error.status_code, str(error.detail))
            response.headers.update(error.headers or {})
            return response
        case ClientDisconnect():
            return error_response(400, "The client closed the connection before the request was complete.")
        case _:
            return error_response(500, "The server failed; see its log.")
