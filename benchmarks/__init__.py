"""What the package promises about its own cost and its own verdicts, measured in one run."""
