"""What is: exact numbers, identifiers, instruments, messages, orders, and their storage."""
