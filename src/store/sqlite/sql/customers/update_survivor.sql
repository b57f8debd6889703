-- Also sets the survivor of customers that were merged into this one earlier, so that a read needs one step.
UPDATE customer
SET survivor = ?2
WHERE survivor = ?1
