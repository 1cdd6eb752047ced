"""The same requests to several servers, one after the other, on one machine with the same data.

Any server with the client API can stand beside this one. Whoever measures makes the accounts and starts the server;
nothing here does. `fill` gives it people who follow, post, reply and like, through its own API; `measure` drives it
over HTTP and counts the CPU time of all its processes; `table` prints the servers beside each other. How to use it
stands in docs/capacity.md.
"""
