// Products that nobody else named.
UNWIND $skus AS sku
MATCH (p:Product {sku: sku})
USING INDEX SEEK p:Product(sku)
WHERE NOT EXISTS { (p)--() }
DELETE p
RETURN sku
