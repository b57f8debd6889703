-- The last owner of a page. Whatever was replaced has a claim that holds, of the same owner.
SELECT max(owner)
FROM (SELECT owner FROM claim WHERE owner > ?1 AND until IS NULL ORDER BY owner LIMIT ?2)
