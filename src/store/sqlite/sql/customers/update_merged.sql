-- The row stays, so that its id finds the survivor for ever.
UPDATE customer
SET version = version + 1, merged_into = ?2, merged_seq = ?3, survivor = ?4
WHERE born = ?1
