"""Rules of segments: Treasure Data's rule JSON, checked and compiled. Knows no Django."""
