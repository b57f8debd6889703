// What is becoming visible right now.
MATCH (w:Writing {store: 1})
USING INDEX SEEK w:Writing(store)
RETURN w.seq AS seq
