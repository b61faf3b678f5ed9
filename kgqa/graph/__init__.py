"""Neo4j: finding a server, loading, reading, and the one place that renders Cypher. Nothing here knows of tensors."""
