"""Run by Alembic for every command; the connection and the part come from `run.py`."""

from alembic import context

settings = context.config.attributes
context.configure(
    connection=settings["connection"],
    version_table=settings["version_table"],
    render_as_batch=True,
    transactional_ddl=True,  # on SQLite too, as our engine begins before schema changes
)
with context.begin_transaction():
    context.run_migrations()
