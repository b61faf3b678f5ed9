import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from kgqa import threads
from kgqa.errors import ConfigError


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """Count the workers anew before and after."""
    threads.num_workers.cache_clear()
    yield
    monkeypatch.undo()
    threads.num_workers.cache_clear()


@pytest.mark.parametrize("workers", ["1", "3"])
def test_parts_are_done_and_returned_in_their_order(monkeypatch, workers):
    monkeypatch.setenv("KGQA_THREADS", workers)
    assert threads.num_workers() == int(workers)
    assert threads.spread(lambda part: part * part, range(20)) == [part * part for part in range(20)]
    assert threads.spread(str, []) == []


def test_an_error_in_one_part_reaches_who_asked():
    with pytest.raises(ZeroDivisionError):
        threads.spread(lambda part: 1 // part, [1, 0, 2])


@pytest.mark.parametrize("wrong", [0, 7, 19])
def test_after_an_error_nobody_is_at_work_any_more(monkeypatch, wrong):
    monkeypatch.setenv("KGQA_THREADS", "3")
    at_work = []

    def work(part):
        at_work.append(part)
        time.sleep(0.001)
        at_work.remove(part)
        return 1 // (part - wrong)

    with pytest.raises(ZeroDivisionError):
        threads.spread(work, range(20))
    assert at_work == []


def test_several_threads_may_ask_at_once(monkeypatch):
    monkeypatch.setenv("KGQA_THREADS", "2")
    with ThreadPoolExecutor(8) as askers:
        asked = [askers.submit(threads.spread, lambda part: part + 1, range(number)) for number in range(50)]
        assert [answer.result() for answer in asked] == [list(range(1, number + 1)) for number in range(50)]


@pytest.mark.parametrize("chosen", ["0", "-1", "two", ""])
def test_a_number_of_threads_that_is_none_is_refused(monkeypatch, chosen):
    monkeypatch.setenv("KGQA_THREADS", chosen)
    with pytest.raises(ConfigError, match=f"KGQA_THREADS: expected a number from 1 upwards, found '{chosen}'"):
        threads.num_workers()


def test_torch_uses_one_thread_or_all_within_a_block_and_as_many_as_before_after_it(monkeypatch):
    monkeypatch.setenv("KGQA_THREADS", "3")
    before = torch.get_num_threads()
    with threads.one_thread():
        assert torch.get_num_threads() == 1
        with threads.all_threads():
            assert torch.get_num_threads() == 3
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("chosen", "spins"), [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "None")]
)
def test_threads_that_wait_soon_sleep_unless_somebody_wants_otherwise(chosen, spins):
    code = "import os, sys, kgqa; assert 'torch' not in sys.modules; print(os.environ.get('GOMP_SPINCOUNT'))"
    unset = {name: value for name, value in os.environ.items() if name not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    done = subprocess.run([sys.executable, "-c", code], env=unset | chosen, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == spins
