"""Who is kept out before there is an account: mail domains, mail addresses and networks that may not sign up.

Set by the operator (pages, API, command line), asked by sign-up and, for networks without access, before each request.
"""
