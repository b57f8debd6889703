-- Version 4: added to a file of version 3. Run once, in one transaction.

-- The messages of a claim at `at`, and at `first_at` when that is another time. Older claims have none.
ALTER TABLE claim ADD COLUMN message_id TEXT;

ALTER TABLE claim ADD COLUMN first_message_id TEXT;
