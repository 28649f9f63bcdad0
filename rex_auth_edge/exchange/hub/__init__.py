"""The hub's end of the line: let in once, it sends and reads for as long as it runs, each household by itself."""
