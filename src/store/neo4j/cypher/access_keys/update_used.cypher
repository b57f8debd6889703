// The last use of a key never goes back: several servers record it.
UNWIND range(0, size($hashes) - 1) AS n
MATCH (k:AccessKey {hash: $hashes[n]})
USING INDEX k:AccessKey(hash)
WHERE k.used_at IS NULL OR k.used_at < $times[n]
SET k.used_at = $times[n]
