"""Conversations: what a person writes privately with others, a row for each thread and circle of people.

`filing` keeps the rows right as direct posts come, change and go, in whatever order: it is called by the effects of
events, and for posts from before there were rows when a person first asks (`fill`). `service` is what people do with
them: read, unread, put away.
"""
