"""Messages: taken from those who send, received from phones, found, told of, and removed."""
