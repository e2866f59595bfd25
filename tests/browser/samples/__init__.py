"""What the pages of the console look like with something on them, by what they are about."""
