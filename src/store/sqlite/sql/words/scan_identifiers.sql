-- Once, when a file of an older version is opened.
SELECT id, kind, value
FROM identifier
