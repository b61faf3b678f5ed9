"""Answer questions from a knowledge graph in Neo4j, and prove each answer with Cypher."""
