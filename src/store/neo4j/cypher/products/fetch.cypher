// Products by sku.
UNWIND range(0, size($keys) - 1) AS n
MATCH (p:Product {sku: $keys[n]})
USING INDEX SEEK p:Product(sku)
RETURN n, [p.sku, p.name, p.category] AS item
