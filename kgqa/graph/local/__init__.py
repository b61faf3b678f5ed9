"""A real Neo4j on this machine: from its own jars on a Java runtime from PyPI, or in a Docker container."""
