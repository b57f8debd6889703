-- The last change whose erasure is not cleaned up; 0 for none.
SELECT coalesce(max(change), 0)
FROM unclean_erasure
