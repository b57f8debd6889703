-- Version 6. Which kinds of identifiers and which channels are stored, kept beside the figures: what they are
-- stands in src/domain/health.rs. A file without identifiers has none to begin with.
UPDATE counter
SET health = json_set(
    health,
    '$.names',
    json_object(
        'kinds', json((SELECT json_group_array(kind) FROM (SELECT DISTINCT kind FROM identifier))),
        'channels', json((SELECT json_group_array(channel) FROM (SELECT DISTINCT channel FROM touchpoint)))
    )
)
WHERE EXISTS (SELECT 1 FROM identifier);
