RETURN n, id, born, version, version_after, writing + writing_after AS writing, former, identifiers, claims, consents, devices
