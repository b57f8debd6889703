// Messages that are no touchpoints.
UNWIND $rows AS row
CREATE (m:Message)
SET m = row
