-- All segments after a change: of each the newest version of that time. It reads all versions on purpose.
SELECT s.segment, s.version, s.name, s.description, s.time_zone, s.definition, s.uses, s.saved_at, s.saved_by
FROM segment_version s
WHERE s.since <= ?1
  AND (s.deleted IS NULL OR s.deleted > ?1)
  AND NOT EXISTS (
    SELECT 1
    FROM segment_version n
    WHERE n.segment = s.segment AND n.version > s.version AND n.since <= ?1
  )
ORDER BY s.segment, s.version
