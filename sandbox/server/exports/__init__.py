"""What is taken out of a server to be used elsewhere: the journal as HAR and as `.http`, and a run as one file."""
