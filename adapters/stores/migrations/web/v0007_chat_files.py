"""Files in chats: a line may be one. Lines that are there already are words."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("chat_lines") as table:
        table.add_column(sa.Column("file", sa.String(40), nullable=True))
        table.add_column(sa.Column("type", sa.String(40), nullable=False, server_default=""))
        table.add_column(sa.Column("bytes", sa.Integer, nullable=False, server_default="0"))
    op.create_index("chat_lines_by_file", "chat_lines", ["file"])


def downgrade() -> None:
    raise NotImplementedError("restore the backup made before the upgrade")
