"""What operators decide: domain policies, suspensions, and the log of who decided what."""
