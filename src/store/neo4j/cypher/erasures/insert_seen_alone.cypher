// Times at which others were seen with the person.
UNWIND $rows AS row
CREATE (s:SeenAlone)
SET s = row
