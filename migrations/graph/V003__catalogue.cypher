CREATE CONSTRAINT kgqa_relation_id IF NOT EXISTS FOR (r:Relation) REQUIRE r.id IS UNIQUE;
CREATE CONSTRAINT kgqa_relation_type IF NOT EXISTS FOR (r:Relation) REQUIRE r.type IS UNIQUE;
CREATE CONSTRAINT kgqa_attribute_id IF NOT EXISTS FOR (a:Attribute) REQUIRE a.id IS UNIQUE;
CREATE CONSTRAINT kgqa_attribute_property IF NOT EXISTS FOR (a:Attribute) REQUIRE a.property IS UNIQUE;
CREATE CONSTRAINT kgqa_load_batch_id IF NOT EXISTS FOR (b:LoadBatch) REQUIRE b.id IS UNIQUE;
CREATE CONSTRAINT kgqa_migration_version IF NOT EXISTS FOR (m:Migration) REQUIRE m.version IS UNIQUE;
