INSERT INTO customer_spend (customer, currency, net, gross, returned, orders)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (customer, currency)
DO UPDATE SET net = excluded.net, gross = excluded.gross, returned = excluded.returned, orders = excluded.orders
