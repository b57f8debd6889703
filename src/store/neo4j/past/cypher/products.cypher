// Products as they were called.
UNWIND range(0, size($keys) - 1) AS n
MATCH (p:Product {sku: $keys[n]})
WHERE coalesce(p.since, 0) <= $seq
RETURN n, coalesce(head(COLLECT {
  MATCH (q:PastProduct)
  WHERE q.sku = p.sku AND q.until > $seq
  RETURN [q.sku, q.name, q.category]
  ORDER BY q.until
  LIMIT 1
}), [p.sku, p.name, p.category]) AS item
