// The commits that are not completely visible yet.
MATCH (w:Writing {store: 1})
USING INDEX SEEK w:Writing(store)
RETURN w.seq AS seq
