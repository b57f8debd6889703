-- The store's figures are kept here, so a read of the figures costs the same in a store of any size.
UPDATE counter
SET seq = ?1, at = ?2, customers = customers + ?3, touchpoints = touchpoints + ?4
WHERE id = 1
