// The end of the chain of merges that were done by then: the longest way is the whole of it.
MATCH way = (:CustomerId {id: $id})-[:MERGED_INTO*0..]->(c:CustomerId)
WHERE all(merge IN relationships(way) WHERE merge.seq <= $seq)
RETURN c.id AS id
ORDER BY length(way) DESC
LIMIT 1
