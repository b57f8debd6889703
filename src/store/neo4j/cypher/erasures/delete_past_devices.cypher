UNWIND $keys AS key
MATCH (p:PastDevice)
USING INDEX SEEK p:PastDevice(device, until)
WHERE p.device = key AND p.until > 0
DELETE p
