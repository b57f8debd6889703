-- As list, at a moment: acts of the identifier now and then, and acts that it owned only then. They are sorted later.
SELECT p.sku, p.name, p.category, ?1, a.act, a.quantity, a.at, a.arrival
FROM product_act a
JOIN product p ON p.sku = a.sku
WHERE a.owner = ?1 AND a.arrival < ?2
  AND NOT EXISTS (SELECT 1 FROM past_owner WHERE touchpoint = a.arrival AND until > ?3)
UNION ALL
SELECT p.sku, p.name, p.category, ?1, a.act, a.quantity, a.at, a.arrival
FROM past_owner o
JOIN touchpoint t ON t.arrival = o.touchpoint
JOIN product_act a ON a.owner = t.owner AND a.at = t.at AND a.arrival = t.arrival
JOIN product p ON p.sku = a.sku
WHERE o.owner = ?1 AND o.since <= ?3 AND o.until > ?3
