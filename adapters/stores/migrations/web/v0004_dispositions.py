"""What the talks of a call came to. Calls of before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("contacts") as table:
        column = sa.Column("dispositions", sa.String(400), nullable=False, server_default="")
        table.add_column(column)


def downgrade() -> None:
    raise NotImplementedError("restore the backup made before the upgrade")
