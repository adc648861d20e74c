"""Reading lines and printing answers."""
