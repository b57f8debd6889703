DELETE FROM unclean_erasure
WHERE change <= ?1
