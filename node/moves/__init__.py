"""Accounts that move from one server to another: aliases, the move itself, and whom it takes along (MOV-1, MOV-2)."""
