UNWIND $keys AS key
MATCH (s:DeviceSeenAlone)
USING INDEX SEEK s:DeviceSeenAlone(device)
WHERE s.device = key AND s.identifier IN $ids
DELETE s
