"""What devices speak: OAuth 2.0 by its RFCs, in answers and refusals."""
