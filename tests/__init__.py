"""The tests: `unit` mirrors the packages, `api` drives the app over HTTP, `federation` runs real nodes side by side."""
