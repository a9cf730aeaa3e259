-- A core database of schema 0001: the dump of its SQLite file.
BEGIN TRANSACTION;
CREATE TABLE core_audit (
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	who TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	details TEXT NOT NULL, 
	previous BLOB, 
	digest BLOB, 
	PRIMARY KEY (seq)
);
CREATE TABLE core_schema (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT core_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "core_schema" VALUES('0001');
CREATE TABLE journal (
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	contact TEXT, 
	data TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "journal" VALUES(1,1763712000000,'core started',1,NULL,'{"epoch": 1}');
INSERT INTO "journal" VALUES(2,1763712001500,'queued',1,'ct_1','{"queue": "support", "language": "zh"}');
INSERT INTO "journal" VALUES(3,1763712002250,'a kind that nobody knows any more',7,'ct_1','{"x": [1, null, "等"]}');
CREATE TABLE snapshot (
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	version INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "snapshot" VALUES(2,1763712001500,1,'{"waiting": ["ct_1"]}');
CREATE TABLE vault_field (
	person TEXT NOT NULL, 
	name TEXT NOT NULL, 
	sealed BLOB NOT NULL, 
	PRIMARY KEY (person, name), 
	FOREIGN KEY(person) REFERENCES vault_person (id)
);
CREATE TABLE vault_master (
	one INTEGER NOT NULL, 
	key_id TEXT NOT NULL, 
	PRIMARY KEY (one)
);
CREATE TABLE vault_number (
	blind BLOB NOT NULL, 
	person TEXT NOT NULL, 
	sealed BLOB NOT NULL, 
	PRIMARY KEY (blind), 
	FOREIGN KEY(person) REFERENCES vault_person (id)
);
CREATE TABLE vault_person (
	id TEXT NOT NULL, 
	key_id TEXT NOT NULL, 
	wrapped BLOB, 
	made_at BIGINT NOT NULL, 
	erased_at BIGINT, 
	PRIMARY KEY (id)
);
CREATE INDEX ix_vault_number_person ON vault_number (person);
COMMIT;
