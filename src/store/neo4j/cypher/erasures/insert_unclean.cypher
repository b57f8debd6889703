// The messages that are not touchpoints have no index by owner: `clean_up` finds them after the commit.
CREATE (:UncleanErasure {change: $seq, identifiers: $ids})
