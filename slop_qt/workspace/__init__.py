"""The person's repository: git, worktrees, merges, and commands run as killable trees."""
