-- How often a process ended while it had the item. Such an item runs apart.
ALTER TABLE items ADD COLUMN abandoned INTEGER NOT NULL DEFAULT 0;

-- An item that waits for nothing but its turn has 0 as due, so that those which
-- wait for another attempt need not be looked at.
UPDATE items SET due = 0 WHERE state = 0 AND attempts = 0;

DROP INDEX items_waiting;
CREATE INDEX items_ready ON items (principal, priority DESC, number) WHERE state = 0 AND due = 0 AND abandoned = 0;
CREATE INDEX items_apart ON items (number) WHERE state = 0 AND due = 0 AND abandoned > 0;
CREATE INDEX items_resting ON items (due) WHERE state = 0 AND due > 0;
