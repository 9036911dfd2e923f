"""Does it lose, crash or grow when it is treated badly? `make torture` says so within five minutes."""
