"""Images that are decoded at the same time have few enough pixels together, and each gets its turn."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import served

from mmannot_tf.serving.annotating.graph_decoder import GraphDecoder
from mmannot_tf.serving.server.decoding_threads import DecodingThreads
from mmannot_tf.serving.server.limits import Limits
from mmannot_tf.serving.server.metrics import Metrics
from mmannot_tf.serving.server.pixel_budget import PixelBudget
from mmannot_tf.serving.server.predictor import Predictor


def test_pixels_at_once_are_bounded():
    budget, lock = PixelBudget(100), threading.Lock()
    now, most = [], []

    def decode(pixels):
        with budget.taken(pixels):
            with lock:
                now.append(min(pixels, 100))
                most.append(sum(now))
            threading.Event().wait(0.001)
            with lock:
                now.remove(min(pixels, 100))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(decode, [30, 60, 100, 10, 1000, 50] * 10))
    assert len(most) == 60
    assert 60 < max(most) <= 100


def test_a_large_image_waits_for_no_later_one():
    budget, order = PixelBudget(100), []

    def decode(pixels):
        with budget.taken(pixels):
            order.append(pixels)

    threads = [threading.Thread(target=decode, args=(pixels,)) for pixels in (100, 30)]
    with budget.taken(60):
        for thread in threads:
            thread.start()
            thread.join(0.2)
        assert order == []  # 30 pixels would fit, but 100 came before
    for thread in threads:
        thread.join()
    assert order == [100, 30]


def test_a_failure_gives_its_pixels_back():
    budget = PixelBudget(10)
    for _ in range(3):
        try:
            with budget.taken(10):
                raise ValueError
        except ValueError:
            pass
    with budget.taken(10):
        pass


@pytest.mark.parametrize("together", [1, 2])
def test_the_server_decodes_as_many_images_at_once_as_fit(photo, monkeypatch, together):
    limits = Limits(decoding_pixels=together * 20 * 20)
    metrics = Metrics().of_model("photos", "brightness")
    predictor = Predictor(served.annotator(), limits, metrics, DecodingThreads(limits))
    lock, running, most = threading.Lock(), [0], []

    def slowly(_, encoded):
        with lock:
            running[0] += 1
            most.append(running[0])
        threading.Event().wait(0.02)
        with lock:
            running[0] -= 1

    monkeypatch.setattr(GraphDecoder, "__call__", slowly)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(predictor.decode, [photo(side=20)] * 12))
    assert max(most) == together
