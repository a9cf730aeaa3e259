"""Passes that carry a place into another channel, and the codes that were keyed in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "passes",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("contact", sa.Text, nullable=False, index=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("person", sa.Text),
        sa.Column("state", sa.Text, nullable=False, index=True),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("into", sa.Text),
        sa.Column("told", sa.Integer, nullable=False),
    )
    op.create_table(
        "pass_tries",
        sa.Column("who", sa.Text, primary_key=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup made before the upgrade")
