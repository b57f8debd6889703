-- In the order of the index, which is the order of time. Acts of one event keep the event's order.
SELECT p.sku, p.name, p.category, a.owner, a.act, a.quantity, a.at, a.arrival
FROM product_act a
JOIN product p ON p.sku = a.sku
WHERE a.owner = ?1 AND a.arrival < ?2
ORDER BY a.at, a.arrival, a.id
