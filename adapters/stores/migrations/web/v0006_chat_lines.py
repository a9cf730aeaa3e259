"""Lines of chats: their order, whose they are, and where in the vault the words lie."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "chat_lines",
        sa.Column("contact", sa.String(200), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=True),
        sa.Column("effect", sa.String(300), nullable=False),
        sa.Column("phrase", sa.String(40), nullable=True),
        sa.Column("values", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup made before the upgrade")
