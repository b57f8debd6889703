UNWIND $keys AS key
MATCH (d:Device {key: key})
USING INDEX SEEK d:Device(key)
DETACH DELETE d
