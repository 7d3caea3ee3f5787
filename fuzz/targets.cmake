# One line per fuzz target: name, then the libraries it needs.
