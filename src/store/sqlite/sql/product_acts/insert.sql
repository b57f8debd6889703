INSERT INTO product_act (owner, at, arrival, act, sku, quantity)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
