// The first version, made once whoever comes first: MERGE on its unique number.
MERGE (r:Rules {version: 1})
ON CREATE SET r.saved_at = $at, r.saved_by = $by, r.text = $text
