-- For people: no server runs it. Repairs damaged data: sets the counter to the last change in the log.
UPDATE counter
SET seq = (SELECT max(seq) FROM change)
WHERE id = 1
