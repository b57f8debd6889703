// Indexes are built behind the statement that asks for them.
CALL db.awaitIndexes(300)
