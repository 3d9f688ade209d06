"""What is handed to the functions on arrays, read as strictly as files are: lists, masked arrays, DataFrames."""
