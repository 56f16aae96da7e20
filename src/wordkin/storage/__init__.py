"""Files and arrays: whole or absent files, containers, mapped words, aligned memory, sizes as text."""
