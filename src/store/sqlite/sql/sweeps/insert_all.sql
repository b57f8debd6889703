-- Of all segments, the deleted ones too: these have no members. It reads all versions on purpose.
INSERT OR REPLACE INTO sweep (segment, change, at)
SELECT DISTINCT segment, ?1, ?2
FROM segment_version
