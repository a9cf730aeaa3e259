"""Deliveries of channels that were taken: none is taken twice, whatever restarts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), primary_key=True),
        sa.Column("signed_at", sa.BigInteger, nullable=False),
        sa.Index("deliveries_by_age", "signed_at"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup made before the upgrade")
