DELETE FROM unclean_erasure
