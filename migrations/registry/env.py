"""Run the versions: on the connection that kgqa hands over, or on the registry itself for whoever writes a new version."""

from alembic import context
from sqlalchemy import Connection

from kgqa.registry.database import open_engine, registry_url
from kgqa.registry.tables import VERSION_TABLE, Base


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table=VERSION_TABLE,
        render_as_batch=True,  # SQLite changes a column only by writing the table anew
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with open_engine(registry_url()).begin() as opened:
        run(opened)
