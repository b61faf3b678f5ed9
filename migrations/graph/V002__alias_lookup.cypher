// `id` is a hash of the text, because a text may be longer than an index can hold.
CREATE CONSTRAINT kgqa_alias_id IF NOT EXISTS FOR (a:Alias) REQUIRE a.id IS UNIQUE;
// `key` is the normalised text, cut to what an index can hold.
CREATE INDEX kgqa_alias_key IF NOT EXISTS FOR (a:Alias) ON (a.key);
