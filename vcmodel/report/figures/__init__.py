"""One picture per file: each draws what it is handed, and says in words what it shows."""
