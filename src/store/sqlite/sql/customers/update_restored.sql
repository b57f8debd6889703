-- It was merged away and is a customer again; its own figures follow.
UPDATE customer
SET merged_into = NULL, merged_seq = NULL, survivor = NULL
WHERE born = ?1
