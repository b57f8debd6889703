SELECT count(*)
FROM unclean_erasure
