DELETE FROM past_product
WHERE sku = ?1
