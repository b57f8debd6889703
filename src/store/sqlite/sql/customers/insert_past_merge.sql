-- A merge that is undone next: kept with its end, for views of the past.
INSERT INTO past_merge (customer, into_id, since, until)
SELECT born, merged_into, merged_seq, ?2
FROM customer
WHERE born = ?1 AND merged_into IS NOT NULL
