"""What is signed, on paper."""
