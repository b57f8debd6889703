-- Whether a segment was ever saved.
SELECT EXISTS (SELECT 1 FROM segment_version)
