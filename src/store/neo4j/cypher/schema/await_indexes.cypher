// The server builds an index after the statement that creates it. This waits for all indexes.
CALL db.awaitIndexes(300)
