import pytest

from tfrecords_tools.shell import progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves."""
    seconds = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[0])
    return seconds


def test_short_tasks_are_silent_where_stderr_is_no_terminal(capsys):
    with progress.progress_bars() as display:
        task = display.add_task("train", total=2)
        display.advance(task, 2)
        assert display.tasks[0].finished
    assert capsys.readouterr() == ("", "")


def test_a_line_comes_every_half_minute_with_the_rate_since_the_last(capsys, clock):
    with progress.progress_bars() as display:
        task = display.add_task("cnn", total=14_400)
        for _ in range(60):  # ten minutes, 16 images a second
            clock[0] += 10
            display.advance(task, 160)
        clock[0] += 40
        display.update(task, completed=10_000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21
    assert lines[0] == "cnn: 480 of 14,400 images, 16.0 images/s, 14 min left"
    assert lines[-1] == "cnn: 10,000 of 14,400 images, 10.0 images/s, 7 min left"


def test_a_resumed_task_counts_only_what_is_new(capsys, clock):
    with progress.progress_bars("tags") as display:
        task = display.add_task("tags", total=200_000, completed=90_000)
        clock[0] += 10
        display.advance(task, 2_000)
        clock[0] += 40
        display.advance(task, 8_000)
    assert capsys.readouterr().err == "tags: 100,000 of 200,000 tags, 200 tags/s, 8 min left\n"


def test_a_long_first_step_says_nothing_of_the_time_left(capsys, clock):
    with progress.progress_bars() as display:
        task = display.add_task("classifier", total=16_000)
        clock[0] += 80
        display.advance(task, 128)
        clock[0] += 32
        display.advance(task, 3_200)
    assert capsys.readouterr().err.splitlines() == [
        "classifier: 128 of 16,000 images, 1.6 images/s",
        "classifier: 3,328 of 16,000 images, 100 images/s, 2 min left",
    ]


def test_an_unknown_total_and_a_task_that_stands_still(capsys, clock):
    with progress.progress_bars() as display:
        unknown, still = display.add_task("listing", total=None), display.add_task("build", total=5)
        clock[0] += 31
        display.advance(unknown, 62)
        display.advance(still, 0)
    assert capsys.readouterr().err.splitlines() == [
        "listing: 62 images, 2.0 images/s",
        "build: 0 of 5 images, 0.0 images/s",
    ]


def test_displays_can_be_within_each_other(capsys, clock):
    with progress.progress_bars() as outer, progress.progress_bars() as inner:
        tasks = outer.add_task("stage", total=2), inner.add_task("features", total=2)
        clock[0] += 30
        inner.advance(tasks[1])
        outer.advance(tasks[0])
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "60 min"), (3600, "1 h 0 min"), (11_100, "3 h 5 min")],
)
def test_times_in_words(seconds, text):
    assert progress.duration(seconds) == text
