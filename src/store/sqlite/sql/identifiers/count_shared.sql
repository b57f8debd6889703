SELECT EXISTS (SELECT 1 FROM identifier WHERE id > 0 AND shared_since IS NOT NULL)
