"""Documents as PDF: what is read, printed and filed, made on request from what was issued."""
