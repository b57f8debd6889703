-- Writes a row as it is, to see whether anything can be written.
UPDATE counter SET seq = seq
WHERE id = 1
