-- What a product was called, when that changed since.
SELECT sku, name, category
FROM past_product
WHERE sku = ?1 AND until > ?2
ORDER BY until
LIMIT 1
