"""How entities, relations and attributes are said in a made question."""

from collections import defaultdict

import numpy as np

from kgqa.kb import KnowledgeBase
from kgqa.text import normalise, tokenise

MIN_LETTERS = 4
"""What is left of a shortened name has a word of at least so many letters."""


class Mentions:
    """The names of each entity: its name as it is written, and its other aliases as they are looked up."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb = kb
        owners, pointer = kb.aliases.entities.numpy(), kb.aliases.pointer.numpy()
        order = np.argsort(owners, kind="stable")
        self._owners = owners[order]
        self._keys = np.searchsorted(pointer, order, side="right") - 1

    def draw(self, entity: int, random: np.random.Generator) -> str:
        """Return the entity's name, or, one time in two, one of all its names."""
        name = self._kb.names[entity]
        if random.random() < 0.5:
            return name
        low, high = np.searchsorted(self._owners, entity, side="left"), np.searchsorted(self._owners, entity, side="right")
        alias: str = self._kb.aliases.trie.restore_key(int(self._keys[random.integers(low, high)]))
        return name if alias == normalise(name) else alias

    def candidates(self, mention: str) -> list[int]:
        """Return the entities that a mention may name."""
        return self._kb.aliases.candidates(normalise(mention))


class RelationWords:
    """The words of relations' names, sometimes only some of them, as people leave words out."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self.words = [words_of(kb, relation) for relation in range(kb.num_relations)]
        self._attributes = {tuple(token.key for token in tokenise(attribute.name)) for attribute in kb.attributes}
        self._with: dict[str, set[int]] = defaultdict(set)
        for relation, words in enumerate(self.words):
            for word in words:
                self._with[word].add(relation)

    def draw(self, relation: int, rivals: set[int], random: np.random.Generator, *, shorten: float) -> str | None:
        """Return words for a relation that tell it from its rivals; None if a rival, or an attribute, has the same name.

        Args:
            relation: its number.
            rivals: other relations that the same entities have.
            random: what is drawn from.
            shorten: how often words are left out.
        """
        words = self.words[relation]
        if tuple(words) in self._attributes or any(self.words[rival] == words for rival in rivals):
            return None
        if len(words) > 1 and random.random() < shorten:
            kept = [word for word in words if random.random() < 0.5]
            if (
                any(len(word) >= MIN_LETTERS for word in kept)
                and tuple(kept) not in self._attributes
                and not set.intersection(*(self._with[word] for word in kept)) & rivals
            ):
                return " ".join(kept)
        return " ".join(words)


def words_of(kb: KnowledgeBase, relation: int) -> list[str]:
    """Return the words of a relation's name, as they are looked up."""
    stored, forward = kb.stored(relation)
    name = stored.name if forward else stored.inverse_name or stored.name
    return [token.key for token in tokenise(name)] or [name]
