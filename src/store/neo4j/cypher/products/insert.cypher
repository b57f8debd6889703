// Products. Fields that are not given stay as they are. A former name is kept for views of the past.
UNWIND $rows AS row
MERGE (p:Product {sku: row.sku})
ON CREATE SET p.since = $seq
WITH row, p, coalesce(row.name, p.name) AS name, coalesce(row.category, p.category) AS category
FOREACH (x IN CASE WHEN coalesce(p.since, 0) < $seq
    AND (coalesce(name <> p.name, name IS NOT NULL) OR coalesce(category <> p.category, category IS NOT NULL)) THEN [1] ELSE [] END |
  CREATE (:PastProduct {sku: row.sku, until: $seq, name: p.name, category: p.category})
)
SET p.name = name, p.category = category
