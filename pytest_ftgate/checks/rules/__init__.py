"""What a policy is made of: the file's rules, and the measures that they take of a text."""
