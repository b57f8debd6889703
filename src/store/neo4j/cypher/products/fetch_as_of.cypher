// Products with their names at a moment.
UNWIND range(0, size($keys) - 1) AS n
MATCH (p:Product {sku: $keys[n]})
USING INDEX SEEK p:Product(sku)
WHERE coalesce(p.since, 0) <= $seq
RETURN n, coalesce(head(COLLECT {
  MATCH (q:PastProduct)
  USING INDEX SEEK q:PastProduct(sku, until)
  WHERE q.sku = p.sku AND q.until > $seq
  RETURN [q.sku, q.name, q.category]
  ORDER BY q.until
  LIMIT 1
}), [p.sku, p.name, p.category]) AS item
