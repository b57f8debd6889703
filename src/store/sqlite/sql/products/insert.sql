-- Most events have known products with the same names; such rows are not written.
INSERT INTO product (sku, name, category, since)
VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (sku)
DO UPDATE SET name = coalesce(excluded.name, name), category = coalesce(excluded.category, category)
WHERE coalesce(excluded.name, name) IS NOT name OR coalesce(excluded.category, category) IS NOT category
