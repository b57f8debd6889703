  -- ?14 is the sort key, which here is the birth again.
  AND ?14 IS NOT NULL AND c.born < ?15
ORDER BY c.born DESC
LIMIT ?16
