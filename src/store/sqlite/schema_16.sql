-- Up to when the verdicts about a customer are told.
ALTER TABLE judgement ADD COLUMN judged_at INTEGER;
