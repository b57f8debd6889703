-- Once, when a file of an older version is opened. What is over was said again, in the same words.
SELECT owner, value
FROM claim
WHERE until IS NULL
