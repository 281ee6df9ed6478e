"""Alembic's entry point: runs revisions on the connection that ``store.migrate`` hands over."""

from alembic import context

from polydesk.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
