// The present products that the cached view of a key shows.
WITH n, c, COLLECT {
  UNWIND $keys[n][1] AS sku
  MATCH (p:Product {sku: sku})
  USING INDEX SEEK p:Product(sku)
  RETURN [p.sku, p.name, p.category]
} AS products
