-- All orders, for the products that they name.
SELECT events
FROM orders
