"""Reports: somebody, here or elsewhere, asks our moderators to look at an account (MOD-3)."""
