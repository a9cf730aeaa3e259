"""Contacts, tickets, timelines, and how far the journal is applied."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last_event", sa.BigInteger, nullable=False),
        sa.Column("applied", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "customers",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    create_tickets()
    create_contacts()
    create_entries()
    op.create_table(
        "answers",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("entry", sa.BigInteger),
        sa.Column("answer", sa.JSON),
        sa.Index("answers_by_age", "at"),
    )


def create_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("person", sa.String(40)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Index("tickets_of_person", "person", "state"),
        sa.Index("tickets_in_state", "state", "id"),
    )


def create_contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("reference", sa.String(200), nullable=False, unique=True),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("person", sa.String(40)),
        sa.Column("channel", sa.String(40), nullable=False),
        sa.Column("dialled", sa.String(40), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("queue", sa.String(40), nullable=False),
        sa.Column("class_", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16)),
        sa.Column("offer", sa.String(200)),
        sa.Column("agent", sa.String(40)),
        sa.Column("entered_at", sa.BigInteger),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("how", sa.String(40), nullable=False),
        sa.Column("ticket", sa.String(40), sa.ForeignKey("tickets.id")),
        sa.Index("contacts_by_offer", "offer"),
        sa.Index("contacts_of_person", "person", "id"),
        sa.Index("contacts_of_ticket", "ticket", "id"),
    )


def create_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(60), nullable=False),
        sa.Column("contact", sa.String(40)),
        sa.Column("ticket", sa.String(40)),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("person", sa.String(40)),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("journal", sa.BigInteger),
        sa.Index("entries_of_ticket", "ticket", "seq"),
        sa.Index("entries_of_contact", "contact", "seq"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup made before the upgrade")
