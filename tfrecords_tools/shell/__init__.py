"""What both packages share at the command line: errors, messages, files on disk."""
