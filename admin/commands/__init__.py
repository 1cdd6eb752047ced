"""The verbs of the `rookery` command, one file a noun. `console.py` is what they share: settings, output, errors."""
