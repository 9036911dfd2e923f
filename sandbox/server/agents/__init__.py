"""The server as agents drive it: a few calls of the control API as tools of the Model Context Protocol."""
