"""The web process's first table: its own audit, as no process writes into another's file."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite's row id is INTEGER


def upgrade() -> None:
    op.create_table(
        "web_audit",
        sa.Column("seq", Whole, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.LargeBinary),
        sa.Column("digest", sa.LargeBinary),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup made before the upgrade")
