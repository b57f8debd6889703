INSERT INTO erased_customer (id, change)
VALUES (?1, ?2)
