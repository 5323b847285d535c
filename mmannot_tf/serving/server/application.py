"""The server's routes put together."""

import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mmannot_tf.serving.annotate import Annotator
from mmannot_tf.serving.server import models, pages, uploads
from mmannot_tf.serving.server.errors import JsonResponse, RequestError, error_response, on_request_error
from mmannot_tf.serving.server.guard import Guard
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.metrics import Metrics
from mmannot_tf.serving.server.predictor import Predictor


def application(annotator: Annotator, name: str, limits: Limits) -> Guard:
    """The server as an ASGI application.

    Args:
        annotator: whose engine is chosen already.
        name: the model's, in paths.
        limits: what requests may ask for.
    """
    metrics = Metrics()
    predictor = Predictor(annotator, limits, metrics)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await predictor.start()
        yield
        await predictor.stop()

    handlers = {RequestError: on_request_error, HTTPException: _on_http, ClientDisconnect: _on_gone}
    app = FastAPI(
        lifespan=lifespan,
        exception_handlers={**handlers, Exception: _on_failure},
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.include_router(models.router(predictor, name, limits))
    app.include_router(uploads.router(predictor, limits))
    app.include_router(pages.router())

    @app.get("/healthz")
    async def health() -> Response:
        """Whether images are taken."""
        alive = predictor.batcher.alive
        return JsonResponse({"status": "ok" if alive else "stopped"}, 200 if alive else 503)

    @app.get("/metrics")
    async def prometheus() -> Response:
        """The counters."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return Guard(app, limits, metrics)


async def _on_http(_: Request, error: HTTPException) -> Response:
    response = error_response(error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _on_gone(_: Request, __: ClientDisconnect) -> Response:
    return error_response(400, "The request must arrive whole.")


async def _on_failure(_: Request, __: Exception) -> Response:
    return error_response(500, "The server failed; its log says why.")
