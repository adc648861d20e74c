"""What is seen after each step."""
