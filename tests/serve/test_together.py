"""Questions of many requests share batches; each gets its own answers, and errors stay with whom they belong to."""

import asyncio

import pytest

from kgqa.errors import QuestionError
from kgqa.model.prediction import BATCH
from kgqa.serve.problems import BusyError
from kgqa.serve.together import Together


class Slow:
    """Stands for a QA; remembers its batches. The first batch waits until it is let go."""

    def __init__(self):
        self.batches = []
        self.go = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def ask_many(self, questions):
        self.batches.append(list(questions))
        if len(self.batches) == 1:
            asyncio.run_coroutine_threadsafe(self.go.wait(), self.loop).result(timeout=10)
        if "bad" in questions:
            raise QuestionError("bad: expected a question")
        return [f"answer to {question}" for question in questions]


async def started(qa):
    """Let the first batch begin."""
    while not qa.batches:
        await asyncio.sleep(0.001)


def test_who_comes_while_others_are_answered_shares_the_next_batch():
    async def run():
        qa = Slow()
        async with Together(qa) as together:
            first = asyncio.create_task(together.ask(["a"]))
            await started(qa)
            others = [asyncio.create_task(together.ask(questions)) for questions in (["b", "c"], ["d"])]
            await asyncio.sleep(0.01)
            qa.go.set()
            return qa.batches, await asyncio.gather(first, *others)

    batches, answers = asyncio.run(run())
    assert batches == [["a"], ["b", "c", "d"]]
    assert answers == [["answer to a"], ["answer to b", "answer to c"], ["answer to d"]]


def test_who_asks_much_takes_turns_with_the_others():
    async def run():
        qa = Slow()
        async with Together(qa) as together:
            many = [f"q{number}" for number in range(2 * BATCH + 1)]
            first = asyncio.create_task(together.ask(many))
            await started(qa)
            second = asyncio.create_task(together.ask(["a"]))
            await asyncio.sleep(0.01)
            qa.go.set()
        return qa.batches, many, await first, await second

    batches, many, answers, other = asyncio.run(run())
    assert [len(batch) for batch in batches] == [BATCH, 1, BATCH, 1]
    assert batches[1] == ["a"]
    assert answers == [f"answer to {question}" for question in many]
    assert other == ["answer to a"]


def test_if_one_of_many_is_no_question_none_is_answered():
    async def run():
        qa = Slow()
        async with Together(qa) as together:
            with pytest.raises(QuestionError):
                await together.ask([*["q"] * (2 * BATCH), " "])
        return qa.batches

    assert asyncio.run(run()) == []


def test_an_error_belongs_to_whoever_asked_for_it():
    async def run():
        qa = Slow()
        async with Together(qa) as together:
            first = asyncio.create_task(together.ask(["a"]))
            await started(qa)
            others = [asyncio.create_task(together.ask([question])) for question in ("bad", "b")]
            await asyncio.sleep(0.01)
            qa.go.set()
            return await asyncio.gather(first, *others, return_exceptions=True)

    first, bad, good = asyncio.run(run())
    assert (first, good) == (["answer to a"], ["answer to b"])
    assert isinstance(bad, QuestionError)


def test_too_many_are_told_to_come_again_and_places_become_free():
    async def run():
        qa = Slow()
        async with Together(qa, most_waiting=2) as together:
            first = asyncio.create_task(together.ask(["a"]))
            await started(qa)
            with pytest.raises(BusyError, match="at most 2 questions to wait, found 1"):
                await together.ask(["b", "c"])
            qa.go.set()
            await first
            return await together.ask(["b", "c"])

    assert asyncio.run(run()) == ["answer to b", "answer to c"]


def test_what_was_accepted_is_answered_before_it_stops():
    async def run():
        qa = Slow()
        async with Together(qa) as together:
            tasks = [asyncio.create_task(together.ask([question])) for question in "abc"]
            await started(qa)
            qa.go.set()
        return [task.result() for task in tasks]

    assert asyncio.run(run()) == [["answer to a"], ["answer to b"], ["answer to c"]]
