"""Lists: people that somebody follows, put together to be read by themselves. What a list shows is `timelines`."""
