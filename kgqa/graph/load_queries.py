"""The statements of `load`. Each that writes returns as `written` how many rows it wrote."""

from typing import Final, LiteralString

FIND_ENTITY: Final[LiteralString] = "MATCH (e:Entity) RETURN labels(e) AS labels LIMIT 1"

FIND_UNNUMBERED: Final[LiteralString] = "MATCH (e:Entity) WHERE e.row IS NULL RETURN e.id AS id LIMIT 1"

READ_BATCHES: Final[LiteralString] = """
MATCH (b:LoadBatch)
RETURN b.id AS id, b.dataset AS dataset, b.name AS name
"""

SEEN: Final[LiteralString] = "MATCH (b:LoadBatch {id: $id}) RETURN b.id AS id"

RECORD_BATCH: Final[LiteralString] = """
CREATE (:LoadBatch {id: $id, dataset: $dataset, stage: $stage, number: $number, rows: $rows, written: datetime()})
"""

PLAN: Final[LiteralString] = """
OPTIONAL MATCH (e:Entity)
WITH coalesce(max(e.row), -1) + 1 AS base
MERGE (b:LoadBatch {id: $dataset + '/plan'})
ON CREATE SET b.dataset = $dataset, b.stage = 'plan', b.name = $name, b.begun = datetime(),
              b.base = base, b.size = $size, b.cut = $cut
"""

READ_PLAN: Final[LiteralString] = """
MATCH (b:LoadBatch {id: $dataset + '/plan'})
RETURN b.base AS base, b.size AS size, b.cut = $cut AS cut, b.finished IS NOT NULL AS finished
"""

FINISH: Final[LiteralString] = """
MATCH (b:LoadBatch {id: $dataset + '/plan'})
SET b.finished = coalesce(b.finished, datetime())
"""

UNFINISHED: Final[LiteralString] = """
MATCH (b:LoadBatch {stage: 'plan'})
WHERE b.finished IS NULL AND b.dataset <> $besides
RETURN b.name AS name
LIMIT 1
"""

OTHER_PLANS: Final[LiteralString] = """
MATCH (b:LoadBatch {stage: 'plan'})
WHERE b.dataset <> $dataset
RETURN b.name AS name, b.finished IS NOT NULL AS finished
"""

CREATE_RELATIONS: Final[LiteralString] = """
UNWIND $relations AS r
MERGE (c:Relation {id: r.id})
ON CREATE SET c += r
"""

CREATE_ATTRIBUTES: Final[LiteralString] = """
UNWIND $attributes AS a
MERGE (c:Attribute {id: a.id})
ON CREATE SET c += a
"""

CREATE_ENTITIES: Final[LiteralString] = """
UNWIND $rows AS r
CREATE (e:Entity {id: r[0], row: r[1]})
SET e += r[2]
RETURN count(*) AS written
"""

MERGE_ENTITIES: Final[LiteralString] = """
UNWIND $rows AS r
MERGE (e:Entity {id: r[0]})
ON CREATE SET e.row = r[1]
SET e += r[2]
RETURN count(*) AS written
"""

FIND_CONFLICT: Final[LiteralString] = """
UNWIND $rows AS r
MATCH (e:Entity {id: r[0]})
UNWIND keys(r[2]) AS property
WITH e, property, e[property] AS there, r[2][property] AS here
WHERE there <> here
RETURN e.id AS id, property, there, here
LIMIT 1
"""

READ_ROWS: Final[LiteralString] = """
UNWIND range(0, size($ids) - 1) AS place
MATCH (e:Entity {id: $ids[place]})
WITH place, e.row AS row
ORDER BY place
RETURN collect(row) AS rows
"""

CREATE_ALIASES: Final[LiteralString] = """
UNWIND $rows AS r
CREATE (a:Alias {id: r[0], text: r[1], key: r[2]})
WITH a, r
UNWIND r[3] AS row
MATCH (e:Entity {row: row})
CREATE (a)-[:NAMES]->(e)
RETURN count(*) AS written
"""

MERGE_ALIASES: Final[LiteralString] = """
UNWIND $rows AS r
MERGE (a:Alias {id: r[0]})
ON CREATE SET a.text = r[1], a.key = r[2]
WITH a, r
UNWIND r[3] AS row
MATCH (e:Entity {row: row})
MERGE (a)-[:NAMES]->(e)
RETURN count(*) AS written
"""

# The entities of a batch are looked up once, in the order of their rows; facts name them by their place in that list.
# Looking up both ends of every fact took a third longer. Were one missing, all places after it would be wrong: then nothing is
# written, and the count says so.
CREATE_FACTS: Final[LiteralString] = """
UNWIND $entities AS row
MATCH (e:Entity {row: row})
WITH e ORDER BY e.row
WITH collect(e) AS entities
WHERE size(entities) = size($entities)
UNWIND $facts AS fact
WITH entities[fact[0]] AS subject, fact[1] AS type, entities[fact[2]] AS object
CREATE (subject)-[:$(type)]->(object)
RETURN count(*) AS written
"""

MERGE_FACTS: Final[LiteralString] = """
UNWIND $entities AS row
MATCH (e:Entity {row: row})
WITH e ORDER BY e.row
WITH collect(e) AS entities
WHERE size(entities) = size($entities)
UNWIND $facts AS fact
WITH entities[fact[0]] AS subject, fact[1] AS type, entities[fact[2]] AS object
MERGE (subject)-[:$(type)]->(object)
RETURN count(*) AS written
"""
