-- A customer that was merged away and is a customer again. A later statement writes its figures.
UPDATE customer
SET merged_into = NULL, merged_seq = NULL, survivor = NULL
WHERE born = ?1
