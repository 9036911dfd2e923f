"""Programs as partners write them: one that does all right, and others with one flaw each. None knows the sandbox."""
