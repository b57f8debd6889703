// The chain of merges in force at that change. Each path from the id is a part of the longest path, which is the whole
// chain.
MATCH chain = (named:CustomerId {id: $id})-[:MERGED_INTO|WAS_MERGED_INTO*0..]->(:CustomerId)
USING INDEX SEEK named:CustomerId(id)
WHERE all(merge IN relationships(chain) WHERE coalesce(merge.seq, merge.since) <= $seq
  AND (merge.until IS NULL OR merge.until > $seq))
RETURN [c IN nodes(chain) | c.id] AS way
ORDER BY length(chain) DESC
LIMIT 1
