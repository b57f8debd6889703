INSERT INTO segment_version
  (segment, version, since, name, description, time_zone, definition, uses, saved_at, saved_by)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
