// Products: what is not said stays as it is.
UNWIND $rows AS row
MERGE (p:Product {sku: row.sku})
SET p.name = coalesce(row.name, p.name), p.category = coalesce(row.category, p.category)
