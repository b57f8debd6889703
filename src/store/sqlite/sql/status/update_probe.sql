-- Writes a row without changing it, to find out whether writes work.
UPDATE counter SET seq = seq
WHERE id = 1
