-- Touchpoints of others on a device that is gone.
UPDATE touchpoint
SET carrier = NULL
WHERE carrier IS NOT NULL AND carrier IN (SELECT value FROM json_each(?1))
