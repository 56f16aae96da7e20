"""Files and arrays: atomic files, containers, mapped words, aligned memory, sizes as text."""
