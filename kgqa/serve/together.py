"""Answer questions of many requests together: whoever comes while others are answered shares the next batch.

The model answers a batch in little more time than one question, and one batch at a time keeps all cores busy. Nobody waits for
others to come: a question that comes alone is answered at once.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio.to_thread

from kgqa.data.questions import check_text
from kgqa.explain.answer import Answer
from kgqa.model.prediction import BATCH
from kgqa.qa import QA
from kgqa.serve.problems import BusyError

MOST_WAITING: Final = 2000
"""Questions that may wait; whoever comes then is told to come again."""

_LOOKED_AGAIN: Final = 0.02
"""Seconds after which it is looked again whether all is answered."""


@dataclass(frozen=True, eq=False)
class _Request:
    questions: Sequence[str]
    answers: "asyncio.Future[list[Answer]]"


@dataclass(eq=False)
class Together:
    """Takes questions from many requests, and answers them in batches. Use as `async with`.

    Leaving it answers what was accepted, and then stops.

    Attributes:
        qa: what answers.
        most_waiting: questions that may wait.
        waiting: questions that wait or are answered.
    """

    qa: QA
    most_waiting: int = MOST_WAITING
    waiting: int = 0
    _queue: "asyncio.Queue[_Request | None]" = field(default_factory=asyncio.Queue)
    _worker: "asyncio.Task[None] | None" = None

    async def __aenter__(self) -> "Together":
        """Start answering."""
        self._worker = asyncio.create_task(self._work())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Answer what was accepted, then stop."""
        while self.waiting:
            await asyncio.sleep(_LOOKED_AGAIN)
        await self._queue.put(None)
        assert self._worker is not None
        await self._worker

    async def ask(self, questions: Sequence[str]) -> list[Answer]:
        """Return the answers to questions, in their order.

        Raises:
            QuestionError: one is empty, too long or not text; none is answered then.
            BusyError: too many wait already.
        """
        if self.waiting + len(questions) > self.most_waiting:
            raise BusyError(
                f"expected at most {self.most_waiting:,} questions to wait, found {self.waiting:,}. Ask again in a second."
            )
        for question in questions:
            check_text(question)
        self.waiting += len(questions)
        answers: list[Answer] = []
        try:
            for start in range(0, len(questions), BATCH):  # whoever asks much takes turns with the others
                request = _Request(questions[start : start + BATCH], asyncio.get_running_loop().create_future())
                await self._queue.put(request)
                answers += await request.answers
            return answers
        finally:
            self.waiting -= len(questions)

    async def _work(self) -> None:
        request = await self._queue.get()
        while request is not None:
            batch = [request]
            while not self._queue.empty() and sum(len(one.questions) for one in batch) < BATCH:
                following = self._queue.get_nowait()
                if following is None:
                    self._queue.put_nowait(None)
                    break
                batch.append(following)
            await self._answer(batch)
            request = await self._queue.get()

    async def _answer(self, batch: list[_Request]) -> None:
        try:
            answers = iter(await anyio.to_thread.run_sync(self.qa.ask_many, [text for one in batch for text in one.questions]))
        except Exception as error:  # noqa: BLE001 (it is raised again where the question was asked)
            if len(batch) > 1:  # whose question it is shows when each is asked alone
                for one in batch:
                    await self._answer([one])
            elif not batch[0].answers.done():
                batch[0].answers.set_exception(error)
            return
        for one in batch:
            found = [next(answers) for _ in one.questions]
            if not one.answers.done():  # whoever asked may have gone
                one.answers.set_result(found)
