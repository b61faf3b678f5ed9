"""Record what somebody said of an answer; entities that are right instead are found by id or by name."""

from typing import Any

from kgqa.errors import QuestionError
from kgqa.explain.answer import Answer
from kgqa.kb import KnowledgeBase
from kgqa.registry import Registry
from kgqa.serve.models import IsRight, IsWrong, Recorded, RightEntities, RightNumber
from kgqa.text import normalise

_SHOWN = 5


def record(said: IsRight | IsWrong, answer: Answer, kb: KnowledgeBase, model: str) -> Recorded:
    """Record feedback on the answer that the model gives to its question.

    Raises:
        QuestionError: a correction names no entity, or several.
        RegistryError: the registry could not be used.
    """
    corrected = said.correction if isinstance(said, IsWrong) else None
    correction = None if corrected is None else _line(corrected, kb)
    given: dict[str, Any] = {"answers": [entity.id for entity in answer.entities]}
    given = given if answer.value is None else {"value": answer.value}
    with Registry.open() as registry:
        number = registry.record_feedback(
            question=said.question,
            answer=given,
            model=model,
            snapshot=kb.fingerprint,
            verdict=said.verdict,
            correction=correction,
        )
    return Recorded(id=number, right=given if said.verdict == "right" else correction)


def _line(correction: RightEntities | RightNumber, kb: KnowledgeBase) -> dict[str, Any]:
    if isinstance(correction, RightNumber):
        return {"value": correction.value}
    return {"answers": sorted({_found(text, kb) for text in correction.answers})}


def _found(text: str, kb: KnowledgeBase) -> str:
    if kb.row(text) is not None:
        return text
    ids = [kb.ids[row] for row in kb.aliases.candidates(normalise(text))]
    if len(ids) != 1:
        several = f"{len(ids)} of that name: {', '.join(ids[:_SHOWN])}" if ids else "none"
        raise QuestionError(f"correction: expected an entity called {text!r}, found {several}. Give its id.")
    return ids[0]
