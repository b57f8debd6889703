// What is there of the schema: a constraint's index has its name, and says whose it is.
SHOW INDEXES
YIELD name, state, owningConstraint
RETURN name, state = 'ONLINE' AS online, owningConstraint IS NOT NULL AS constrains
