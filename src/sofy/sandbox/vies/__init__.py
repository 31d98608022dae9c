"""A simulated VIES: which numbers are valid, and when it is away, is said beforehand."""
