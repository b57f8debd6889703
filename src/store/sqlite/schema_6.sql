-- Version 6. The kinds of identifiers and the channels in use, stored beside the figures. src/domain/health.rs
-- describes them. A file without identifiers has none.
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
