RETURN n, c.id AS id, c.version AS version, COLLECT {
  UNWIND $keys[n][1] AS sku
  MATCH (p:Product {sku: sku})
  USING INDEX SEEK p:Product(sku)
  RETURN [p.sku, p.name, p.category]
} AS products
