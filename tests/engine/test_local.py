"""A worker that dies, runs away or fails costs one item of its task, which is named."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from support.tasks import Items, divided, work_off

from provenance.engine.local import LocalEngine
from provenance.engine.worker import TimeLimitError, item
from provenance.errors import InputError, UnforeseenError

ENDS = {
    "crash": "died twice: the parsing library crashed (SIGSEGV)",
    "abort": "died twice: the parsing library aborted (SIGABRT): what(): no such key",
    "kill": "died twice: it was killed, probably because the system ran out of memory (SIGKILL)",
    "leave": "died twice: it ended with 3",
    "panic": "the program failed on it with SystemError: a panic",
    "exit": "the program failed on it with SystemExit: 4",
    "deep": "the program failed on it with RecursionError",
    "hoard": "more memory than a worker may have",
}


@pytest.fixture(scope="module")
def engine() -> Iterator[LocalEngine]:
    with LocalEngine(2) as engine:
        yield engine


@pytest.mark.parametrize("word", ENDS)
@pytest.mark.parametrize("told", [True, False])
def test_what_goes_wrong_costs_one_item(engine: LocalEngine, word: str, *, told: bool) -> None:
    tasks = [
        Items(("a", "b", word, "c"), told),
        Items(("d",), told),
        Items((word, "e", "f"), told),
    ]
    done: list[str] = []
    failed: list[tuple[Items, str]] = []
    for outcome in engine.map(work_off, tasks, divided):
        if outcome.failure is not None:
            assert isinstance(outcome.failure, InputError)
            failed.append((outcome.task, outcome.failure.message))
        done += outcome.result or ()
    assert sorted(done) == ["a", "b", "c", "d", "e", "f"]
    assert [task.words for task, _ in failed] == [(word,)] * 2
    assert all(ENDS[word] in message for _, message in failed), failed


@pytest.mark.newest
def test_what_nobody_foresaw_says_where_it_was(engine: LocalEngine) -> None:
    (outcome,) = engine.map(work_off, [Items(("panic",))])
    assert isinstance(outcome.failure, UnforeseenError)
    assert "tasks.py" in outcome.failure.trace
    assert "-v" in outcome.failure.hint


@pytest.mark.slow
@pytest.mark.parametrize("word", ["spin", "spin in C", "swallow"])
def test_processor_time_is_limited(engine: LocalEngine, word: str) -> None:
    started = time.monotonic()
    outcomes = list(engine.map(work_off, [Items(("a", word, "b"))], divided))
    assert time.monotonic() - started < 60
    failed = [outcome for outcome in outcomes if outcome.failure]
    assert sorted(done for outcome in outcomes for done in outcome.result or ()) == ["a", "b"]
    # What Python code notices is an answer of its own, and no reason to look for the item.
    assert [(word in outcome.task.words) for outcome in failed] == [True]
    assert "more processor time than a file of its size may" in str(failed[0].failure)


def test_a_process_that_is_no_worker_has_no_limit() -> None:
    with item(0, 0.0):
        assert sum(range(10**6)) > 0


def test_what_libraries_print_when_they_end_a_worker_is_not_ours() -> None:
    program = (
        "from support.tasks import Items, work_off\n"
        "from provenance.engine.local import LocalEngine\n"
        "with LocalEngine(1) as engine:\n"
        "    print([str(o.failure) for o in engine.map(work_off, [Items(('abort',))])])\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stderr == ""
    assert "no such key" in said.stdout
    assert len(said.stdout.splitlines()) == 1


def test_an_engine_goes_on_after_a_map_that_was_not_taken_to_its_end() -> None:
    with LocalEngine(2) as engine:
        running = engine.map(work_off, [Items((str(n),)) for n in range(20)])
        assert next(running).result
        running.close()  # type: ignore[attr-defined]
        again = engine.map(work_off, [Items((str(n),)) for n in range(20)])
        assert sorted(int(o.result[0]) for o in again if o.result) == list(range(20))


def test_time_limit_survives_the_trip() -> None:
    with LocalEngine(1) as engine:
        (outcome,) = engine.map(work_off, [Items(("spin",))])
    assert isinstance(outcome.failure, TimeLimitError)


def test_a_forked_process_has_workers_of_its_own() -> None:
    program = (
        "import os\n"
        "from support.tasks import Items, work_off\n"
        "from provenance.engine.local import LocalEngine\n"
        "def work():\n"
        "    with LocalEngine(1) as engine:\n"
        "        return [o.result for o in engine.map(work_off, [Items(('a',))])]\n"
        "print(work(), flush=True)\n"
        "if (child := os.fork()) == 0:\n"
        "    print(work(), flush=True)\n"
        "    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "print(work())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(set(done.stdout.splitlines())) == 1
    assert done.stdout.count("\n") == 3
