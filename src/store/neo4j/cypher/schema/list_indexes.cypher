// The present indexes of the schema. The index of a constraint has the constraint's name, and names its constraint.
SHOW INDEXES
YIELD name, state, owningConstraint
RETURN name, state = 'ONLINE' AS online, owningConstraint IS NOT NULL AS constrains
