"""Who somebody is: passwords, sessions of the web pages, bearer tokens of apps, one-time links."""
