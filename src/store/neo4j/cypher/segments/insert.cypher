// The next version. This transaction has the counter's lock since it took the change number, so no other version is
// saved between the check and this.
CREATE (s:SegmentVersion {segment: $segment, version: $version, since: $since, name: $name, time_zone: $time_zone,
  definition: $definition, uses: $uses, saved_at: $saved_at, saved_by: $saved_by})
SET s.description = $description
