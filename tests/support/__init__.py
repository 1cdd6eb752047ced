"""What tests are made with: a private Redis, nodes with fresh databases, people, posts, foreign actors."""
