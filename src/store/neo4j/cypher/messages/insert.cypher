// Messages that are not touchpoints.
UNWIND $rows AS row
CREATE (m:Message)
SET m = row
