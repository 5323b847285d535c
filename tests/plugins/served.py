"""A server whose engine says what can be worked out, in a thread, and a plain HTTP client for it."""

import asyncio
import base64
import io
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from mmannot_tf.decisions.fitted_ways import FittedWays
from mmannot_tf.decisions.way import Options
from mmannot_tf.serving.annotating.annotator import Annotator
from mmannot_tf.serving.decisions import Decisions
from mmannot_tf.serving.model import Model
from mmannot_tf.serving.network import NetworkOutputs
from mmannot_tf.serving.server.host_policy import HostPolicy
from mmannot_tf.serving.server.lifecycle import Server, ServerConfig
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.memory_limit import MemoryLimit
from mmannot_tf.serving.server.options import ServerOptions
from mmannot_tf.serving.server.served_model import ServedModel

HERE = HostPolicy.for_server("127.0.0.1", [])
LABELS, TAGS, SIZE = ("sky", "sea", "person"), ("beach", "café"), 8


class BrightnessEngine:
    """Says what can be worked out: bright images are "sky"; a label more than there are tags."""

    name, version = "brightness", "1"

    def __init__(self):
        self.batches = []
        self.seconds = 0.0
        self.fault = None

    def __call__(self, inputs):
        time.sleep(self.seconds)
        self.batches.append(len(inputs))
        if self.fault:
            raise self.fault
        bright = inputs.image.mean(axis=(1, 2, 3)) / 255
        probabilities = np.stack([bright, 0.5 * bright, 0.25 * bright], 1).astype(np.float32)
        quantity = 1 + (inputs.tag_lists >= 0).sum(axis=1)
        order = np.tile(np.arange(3, dtype=np.int32), (len(inputs), 1))
        return NetworkOutputs(probabilities, quantity, order < quantity[:, np.newaxis], order)


@pytest.fixture(scope="session")
def photo():
    """Makes an encoded image of one brightness."""

    def make(value=255, *, side=20, form="PNG"):
        written = io.BytesIO()
        Image.fromarray(np.full((side, side, 3), value, np.uint8)).save(written, form)
        return written.getvalue()

    return make


@pytest.fixture(scope="session")
def b64():
    """Bytes as TensorFlow Serving's JSON has them."""
    return lambda raw: {"b64": base64.b64encode(raw).decode()}


class Running:
    """A server in a thread, and a plain HTTP client for it."""

    def __init__(self, models, options):
        config = ServerConfig(models, options)
        config.port = 0
        self.server = Server(config, lambda: None)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve()))
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.address = self.server.servers[0].sockets[0].getsockname()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.address[1]}", timeout=60)

    def stop(self):
        self.client.close()
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture
def serve():
    """Serves an annotator, by default with the default limits, as "photos"."""
    running = []

    def start_server(
        annotator,
        *,
        hosts=HERE,
        new=None,
        others=(),
        watch_seconds=0.0,
        access_log=None,
        memory=None,
        **limits,
    ):
        options = ServerOptions(
            hosts, Limits(**limits), watch_seconds, access_log, memory=MemoryLimit(memory)
        )
        running.append(Running([ServedModel("photos", annotator, new), *others], options))
        return running[-1]

    yield start_server
    for each in running:
        each.stop()


def annotator(engine=None, path=Path("3")):
    """The annotator of an engine, by default one of its own."""
    engine = engine or BrightnessEngine()
    ways = Decisions(FittedWays.plain(len(LABELS), Options()))
    model = Model(path, None, LABELS, TAGS, SIZE, "exif", "half_pixel", "f00d", decisions=ways)
    selected = Annotator(model, lambda _: engine)
    selected.engine = engine
    return selected


@pytest.fixture
def start(serve, tmp_path):
    """Starts a server with the engine above and limits of its own."""

    def start_server(**limits):
        engine = BrightnessEngine()
        running = serve(annotator(engine, tmp_path / "3"), **limits)
        running.engine = engine
        return running

    return start_server


@pytest.fixture
def running(start):
    return start()


@pytest.fixture
def client(running):
    return running.client
