"""Files as tables: encoding, dialect, column types. Nothing here knows of models."""
