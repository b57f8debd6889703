-- Version 7: what a file of version 6 gets added. Run once, in one transaction.

-- Sums of money that 64 bits do not hold: an integer where one is enough, else a text of 39 digits, which stands behind
-- all integers and in the order of its number. What the columns are of is said in src/store/amounts.rs.
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

-- Of an order that large `total` and `returned` hold the largest integer, and these what it is.
ALTER TABLE orders ADD COLUMN vast_total TEXT;

ALTER TABLE orders ADD COLUMN vast_returned TEXT;
