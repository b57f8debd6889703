// Customers that this change touches. While no segment is saved, it writes nothing: the first save judges all customers.
// The transaction holds the counter's lock: no other transaction writes judgements. A null in `touches` means everything.
MATCH (v:SegmentVersion)
USING INDEX SEEK v:SegmentVersion(segment, version)
WHERE v.segment > 0 AND v.version IS NOT NULL
WITH v
LIMIT 1
UNWIND $rows AS row
MERGE (j:Judgement {customer: row.customer})
SET j.touches = CASE
  WHEN j.touched_at IS NULL THEN row.touches
  WHEN j.touches IS NULL OR row.touches IS NULL OR size(j.touches) + size(row.touches) > 64 THEN null
  ELSE j.touches + [word IN row.touches WHERE NOT word IN j.touches]
END
SET j.change = $seq, j.touched_at = coalesce(j.touched_at, row.at)
