"""Tell whether a path leads from what a question may name to one of its answers: what no path answers teaches nothing."""

from typing import Any

import numpy as np

from kgqa.compiled import compiled
from kgqa.kb.facts import Facts


class Reach:
    """Searches from both ends at once, the smaller one first; the marks of visited entities are used again by every search."""

    def __init__(self, facts: Facts, hops: int) -> None:
        self._pointer, self._object = facts.pointer.numpy(), facts.object.numpy()
        self._hops = hops
        self._marks = np.zeros(facts.num_entities, dtype=np.int32)
        self._searches = 0

    def reaches(self, starts: list[int], goals: list[int]) -> bool:
        """Tell whether a walk of 1 to T facts, in either direction, leads from one of `starts` to one of `goals`."""
        self._searches += 1
        if 2 * self._searches + 1 > np.iinfo(np.int32).max:
            self._marks[:] = 0
            self._searches = 1
        ends = np.array(starts, dtype=np.int64), np.array(goals, dtype=np.int64)
        found: bool = _reaches(self._pointer, self._object, *ends, self._hops, self._marks, 2 * self._searches)
        return found


@compiled
def _reaches(pointer: Any, objects: Any, starts: Any, goals: Any, hops: int, marks: Any, mark: int) -> bool:
    """`mark` stands at what the starts reach, `mark` + 1 at what the goals do."""
    for goal in goals:
        marks[goal] = mark + 1
    ahead = starts.copy()
    for start in starts:
        if marks[start] == mark + 1:  # a walk out and back
            if hops > 1 and pointer[start + 1] > pointer[start]:
                return True
        else:
            marks[start] = mark
    behind = goals.copy()
    for _ in range(hops):
        work_ahead, work_behind = _work(pointer, ahead), _work(pointer, behind)
        if work_ahead == 0 or work_behind == 0:
            return False
        if hops == 1 or work_ahead <= work_behind:  # an entity that is both start and goal is marked as a goal alone
            met, ahead = _expand(pointer, objects, ahead, work_ahead, marks, mark, mark + 1)
        else:
            met, behind = _expand(pointer, objects, behind, work_behind, marks, mark + 1, mark)
        if met:
            return True
    return False


@compiled
def _expand(pointer: Any, objects: Any, frontier: Any, work: int, marks: Any, own: int, other: int) -> Any:
    """Mark the neighbours of a frontier; return whether the other side was met, and the new frontier."""
    following, count = np.empty(work, dtype=np.int64), 0
    for entity in frontier:
        for there in objects[pointer[entity] : pointer[entity + 1]]:
            if marks[there] == other:
                return True, following[:count]
            if marks[there] != own:
                marks[there] = own
                following[count] = there
                count += 1
    return False, following[:count]


@compiled
def _work(pointer: Any, frontier: Any) -> int:
    total = 0
    for entity in frontier:
        total += pointer[entity + 1] - pointer[entity]
    return total
