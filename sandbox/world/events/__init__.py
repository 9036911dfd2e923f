"""What happened in a workspace, told to readers who come again with a cursor.

Nothing is kept for anybody: facts are rows of `change` behind the cursor's position, what was planned is found by its
time, and exchanges are rows of the journal. Who asks again with the cursor of what was told is told the rest, be it
another process by then.

- `cursors`: what was a reader told?
- `kinds`: what can happen?
- `news`: what is new since a cursor, page by page?
- `span`: which events lie between two bounds, each told exactly once whatever the pages are?
- `steps`: what has a plan brought about, and what is next?
- `progress`: has anything happened in a workspace?
"""
