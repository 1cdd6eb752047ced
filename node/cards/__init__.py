"""Link previews: what stands behind the first link of a post, fetched once for the whole node."""
