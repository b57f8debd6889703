UNWIND $skus AS sku
MATCH (p:PastProduct)
USING INDEX SEEK p:PastProduct(sku, until)
WHERE p.sku = sku AND p.until > 0
DELETE p
