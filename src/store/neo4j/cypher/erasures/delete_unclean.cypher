MATCH (e:UncleanErasure {change: $change})
USING INDEX SEEK e:UncleanErasure(change)
DELETE e
