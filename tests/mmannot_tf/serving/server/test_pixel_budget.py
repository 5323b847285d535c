"""Images that are decoded at the same time have few enough pixels together, and each gets its turn."""

import threading
from concurrent.futures import ThreadPoolExecutor

from mmannot_tf.serving.server.pixel_budget import PixelBudget


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
