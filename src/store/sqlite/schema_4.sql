-- Version 4: what a file of version 3 gets added. Run once, in one transaction.

-- The messages that said a claim at `at`, and at `first_at` when that is another time; claims that were there
-- before have none.
ALTER TABLE claim ADD COLUMN message_id TEXT;

ALTER TABLE claim ADD COLUMN first_message_id TEXT;
