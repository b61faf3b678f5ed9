"""`kgqa migrate`: apply the migrations of the graph and of the registry."""

from kgqa.cli.common import AsJson, GraphName, connect, output, print_json


def migrate(graph: GraphName = None, as_json: AsJson = False) -> None:
    """Bring the schema of a graph that kgqa loads, and the registry, up to date. A graph of your own needs none of it."""
    from kgqa.graph import migrations
    from kgqa.registry import Registry

    with connect(graph) as connection:
        migrations.check_own(connection)
        applied = migrations.migrate(connection)
    with Registry.open() as registry:
        where = registry.place
    if as_json:
        names = [{"version": migration.version, "description": migration.description} for migration in applied]
        print_json({"graph": names, "registry": where})
        return
    for migration in applied:
        output.print(f"graph: applied V{migration.version:03} ({migration.description})")
    if not applied:
        output.print("graph: up to date")
    output.print(f"registry: up to date ({where})")
