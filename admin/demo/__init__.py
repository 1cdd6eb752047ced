"""`rookery demo`: `nodes.py` starts and stops the two nodes, `play.py` plays the story that `people.py` tells."""
