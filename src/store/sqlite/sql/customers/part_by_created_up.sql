  -- ?13 is the sort key, which here is the birth again.
  AND ?13 IS NOT NULL AND c.born > ?14
ORDER BY c.born
LIMIT ?15
