"""What an estimate says: every table a user sees, computed from the estimate alone."""
