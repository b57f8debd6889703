SELECT sku, name, category
FROM product
WHERE sku = ?1
