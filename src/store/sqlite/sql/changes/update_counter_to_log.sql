-- For people: no server runs it. The counter of data that was damaged, put to the last change in the log.
UPDATE counter
SET seq = (SELECT max(seq) FROM change)
WHERE id = 1
