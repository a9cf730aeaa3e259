"""The core's first tables: journal, snapshots, vault, audit."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Whole = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite's row id is INTEGER


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("seq", Whole, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("contact", sa.Text),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "snapshot",
        sa.Column("seq", Whole, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
    )
    create_vault()
    op.create_table(
        "core_audit",
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


def create_vault() -> None:
    op.create_table(
        "vault_master",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key_id", sa.Text, nullable=False),
    )
    op.create_table(
        "vault_person",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("erased_at", sa.BigInteger),
    )
    op.create_table(
        "vault_number",
        sa.Column("blind", sa.LargeBinary, primary_key=True),
        sa.Column("person", sa.Text, sa.ForeignKey("vault_person.id"), nullable=False, index=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "vault_field",
        sa.Column("person", sa.Text, sa.ForeignKey("vault_person.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup made before the upgrade")
