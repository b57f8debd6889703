-- Whether any identifier is suppressed.
SELECT EXISTS (SELECT 1 FROM erased_identifier WHERE suppressed = 1)
