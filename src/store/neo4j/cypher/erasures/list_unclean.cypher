MATCH (e:UncleanErasure)
USING INDEX SEEK e:UncleanErasure(change)
WHERE e.change > 0
RETURN e.change AS change, e.identifiers AS identifiers
ORDER BY e.change
LIMIT 1
