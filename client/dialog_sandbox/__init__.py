"""What a partner's tests import: the client, and the models of what the control API takes and answers."""
