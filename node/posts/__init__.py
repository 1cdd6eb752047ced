"""Posts: writing, editing, deleting, boosting, liking, bookmarking, threads, hashtags, and who may see what."""
