// An entity is known by its application id.
CREATE CONSTRAINT kgqa_entity_id IF NOT EXISTS FOR (e:Entity) REQUIRE e.id IS UNIQUE;
// `row` numbers the entities in the order of loading, so that they can be read in ranges.
CREATE CONSTRAINT kgqa_entity_row IF NOT EXISTS FOR (e:Entity) REQUIRE e.row IS UNIQUE;
