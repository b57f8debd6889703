-- The name of a product before this change, if this change replaces it.
INSERT INTO past_product (sku, until, name, category)
SELECT sku, ?4, name, category
FROM product
WHERE sku = ?1 AND (coalesce(?2, name) IS NOT name OR coalesce(?3, category) IS NOT category)
