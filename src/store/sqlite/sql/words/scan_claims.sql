-- Once, when a file of an older version is opened. A replaced claim has a successor with the same words.
SELECT owner, value
FROM claim
WHERE until IS NULL
