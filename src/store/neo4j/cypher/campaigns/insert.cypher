// Campaigns by a hash of all five fields, so that the unique key is always short.
UNWIND $rows AS row
MERGE (k:Campaign {key: row.key})
ON CREATE SET k += row.set
