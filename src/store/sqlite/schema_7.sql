-- Version 7: added to a file of version 6. Run once, in one transaction.

-- Sums of money above 64 bits. A sum is an integer if it fits, else a text of 39 digits. Texts sort after all integers,
-- in the order of their numbers. src/store/amounts.rs describes these columns.
CREATE TABLE customer_spend_of_any_size (
    customer INTEGER NOT NULL,
    currency TEXT    NOT NULL,
    net      ANY     NOT NULL,
    gross    ANY     NOT NULL,
    returned ANY     NOT NULL,
    orders   INTEGER NOT NULL,
    PRIMARY KEY (customer, currency)
) STRICT, WITHOUT ROWID;

INSERT INTO customer_spend_of_any_size
SELECT customer, currency, net, gross, returned, orders FROM customer_spend;

DROP TABLE customer_spend;

ALTER TABLE customer_spend_of_any_size RENAME TO customer_spend;

CREATE INDEX customer_spend_by_net ON customer_spend (currency, net, customer);

-- For an order that large, `total` and `returned` have the largest integer, and these columns have the real amounts.
ALTER TABLE orders ADD COLUMN vast_total TEXT;

ALTER TABLE orders ADD COLUMN vast_returned TEXT;
