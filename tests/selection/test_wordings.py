"""A wording is a question without its mentions; how alike two are agrees with the formula written out."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from kgqa.kb import KnowledgeBase
from kgqa.selection import wordings as module
from kgqa.selection.wordings import MENTION, Wording, alike, wordings
from tests.worlds import films, snapshot_of, write_folder


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> KnowledgeBase:
    return films(tmp_path_factory.mktemp("films"))


def test_mentions_are_left_out_the_longest_first(kb: KnowledgeBase) -> None:
    asked = [
        "Who directed Cast Away?",
        "who directed  CONTACT",
        "Did Zemeckis or Robert Zemeckis direct it?",
        "Contact Cast Away",
    ]
    assert wordings(asked, kb) == [
        ("who", "directed", MENTION),
        ("who", "directed", MENTION),
        ("did", MENTION, "or", MENTION, "direct", "it"),
        (MENTION, MENTION),
    ]


def test_a_longer_name_hides_what_begins_within_it(tmp_path: Path) -> None:
    names = ("new york city", "york", "york city hall")
    data = write_folder(
        tmp_path / "data", entities=[{"id": name, "name": name} for name in names], facts=[("york", "in", "york")]
    )
    kb = snapshot_of(data, tmp_path / "snapshot")
    assert wordings(["is New York City Hall in York"], kb) == [("is", MENTION, "hall", "in", MENTION)]


def test_a_name_that_many_questions_have_is_part_of_their_wording(kb: KnowledgeBase) -> None:
    rare, common = [f"Contact {number}" for number in range(5)], [f"Contact {number}" for number in range(6)]
    assert {wording[0] for wording in wordings(rare, kb)} == {MENTION}
    assert {wording[0] for wording in wordings(common, kb)} == {"contact"}
    many = [*rare, "Contact again", *["Who directed Cast Away?"] * 594]
    assert [wordings([*many, *more], kb)[0][0] for more in ([], ["Contact"])] == [MENTION, "contact"]
    assert wordings(many, kb)[-1] == ("who", "directed", "cast", "away")


def test_questions_without_words_and_in_other_scripts(kb: KnowledgeBase) -> None:
    assert wordings(["???", "谁导演了 Contact", "\u0000"], kb) == [(), ("谁导演了", MENTION), ()]
    assert wordings([], kb) == []


def reference(found: list[Wording]) -> list[list[float]]:
    """The cosines feature by feature."""
    having: dict[object, int] = {}
    counted = []
    for wording in found:
        bounded = ["", *wording, ""]
        features: list[object] = [*wording, *pairwise(bounded)]
        counted.append(features)
        for feature in set(features):
            having[feature] = having.get(feature, 0) + 1
    vectors = [
        {feature: features.count(feature) * math.log(1 + len(found) / having[feature]) for feature in features}
        for features in counted
    ]
    lengths = [math.sqrt(sum(value**2 for value in vector.values())) for vector in vectors]
    cosines = [[float(one == other) for other in range(len(found))] for one in range(len(found))]
    for one, left in enumerate(vectors):
        for other, right in enumerate(vectors):
            if one != other and lengths[one] and lengths[other]:
                dot = sum(value * right.get(feature, 0.0) for feature, value in left.items())
                cosines[one][other] = dot / lengths[one] / lengths[other]
    return cosines


@pytest.mark.parametrize("at_once", [1, 3, 4000])
def test_cosines_agree_with_the_formula(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    random = np.random.default_rng(0)
    for _ in range(20):
        found = [tuple(random.choice(list("abcdefghij"), size=random.integers(0, 6)).tolist()) for _ in range(9)]
        np.testing.assert_allclose(alike(found), reference(found), atol=1e-6)


def test_wordings_without_words_are_like_themselves_alone() -> None:
    np.testing.assert_allclose(alike([("who",), (), ("who",)]), [[1, 0, 1], [0, 1, 0], [1, 0, 1]], atol=1e-6)
    assert alike([]).shape == (0, 0)
    assert alike([()]).tolist() == [[1]]
