-- Times are milliseconds since 1970. BLOBs are packed: see pack.go.

CREATE TABLE jobs (
	number    INTEGER PRIMARY KEY, -- the order in which they came
	id        TEXT    NOT NULL UNIQUE,
	principal TEXT    NOT NULL,
	key       TEXT,                -- the idempotency key, if there was one
	digest    BLOB    NOT NULL,    -- of what was asked
	shared    BLOB    NOT NULL,    -- what all items have in common
	priority  INTEGER NOT NULL,
	cancelled INTEGER NOT NULL DEFAULT 0,
	created   INTEGER NOT NULL,
	finished  INTEGER,
	expires   INTEGER NOT NULL,
	total     INTEGER NOT NULL,
	-- how many items are in each state
	waiting   INTEGER NOT NULL,
	running   INTEGER NOT NULL DEFAULT 0,
	done      INTEGER NOT NULL DEFAULT 0,
	failed    INTEGER NOT NULL DEFAULT 0,
	dropped   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX jobs_by_key ON jobs (principal, key) WHERE key IS NOT NULL;
CREATE INDEX jobs_by_principal ON jobs (principal, number);
CREATE INDEX jobs_by_expiry ON jobs (expires);

CREATE TABLE items (
	number    INTEGER PRIMARY KEY,
	job       INTEGER NOT NULL REFERENCES jobs (number),
	position  INTEGER NOT NULL, -- in the job, from 0
	principal TEXT    NOT NULL, -- the job's
	priority  INTEGER NOT NULL, -- the job's
	payload   BLOB    NOT NULL,
	-- 0 waiting, 1 running, 2 done, 3 failed, 4 dropped when the job was cancelled
	state     INTEGER NOT NULL DEFAULT 0,
	attempts  INTEGER NOT NULL DEFAULT 0,
	due       INTEGER NOT NULL, -- not to be run before
	lease     TEXT,             -- of whoever runs it
	leased    INTEGER,          -- until when
	UNIQUE (job, position)
) STRICT;

CREATE INDEX items_waiting ON items (principal, priority DESC, number) WHERE state = 0;
CREATE INDEX items_running ON items (leased) WHERE state = 1;

-- A result is written in the transaction in which its item becomes done or
-- failed. That there can be only one for an item is a rule of the table.
CREATE TABLE results (
	job      INTEGER NOT NULL REFERENCES jobs (number),
	sequence INTEGER NOT NULL, -- the order in which they came, from 1
	position INTEGER NOT NULL,
	failed   INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	body     BLOB    NOT NULL,
	PRIMARY KEY (job, sequence),
	UNIQUE (job, position)
) STRICT;

-- What each principal has open, and when it last had its turn.
CREATE TABLE shares (
	principal TEXT    PRIMARY KEY,
	waiting   INTEGER NOT NULL DEFAULT 0,
	running   INTEGER NOT NULL DEFAULT 0,
	served    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The counts follow the states, whoever changes them.
CREATE TRIGGER items_moved AFTER UPDATE OF state ON items WHEN OLD.state <> NEW.state BEGIN
	UPDATE jobs SET
		waiting = waiting - (OLD.state = 0) + (NEW.state = 0),
		running = running - (OLD.state = 1) + (NEW.state = 1),
		done    = done    - (OLD.state = 2) + (NEW.state = 2),
		failed  = failed  - (OLD.state = 3) + (NEW.state = 3),
		dropped = dropped - (OLD.state = 4) + (NEW.state = 4)
	WHERE number = NEW.job;
	UPDATE shares SET
		waiting = waiting - (OLD.state = 0) + (NEW.state = 0),
		running = running - (OLD.state = 1) + (NEW.state = 1)
	WHERE principal = NEW.principal;
END;

CREATE TABLE feedback (
	number    INTEGER PRIMARY KEY,
	principal TEXT    NOT NULL,
	smiles    TEXT    NOT NULL, -- canonical
	rating    INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
	comment   BLOB,
	prompt    BLOB,
	created   INTEGER NOT NULL,
	UNIQUE (principal, smiles)
) STRICT;
